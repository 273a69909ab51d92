"""The one way to Redis: a quick connection for those who may not wait, a patient one for processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from edupulse.config import current_settings
from edupulse.errors import Unavailable

CONNECT_SECONDS = 2.0  # a page must not hang because Redis does
REPLY_SECONDS = 5.0  # above any honest answer of a loaded Redis
HEALTH_CHECK_SECONDS = 30  # an idle connection is tried before use after this long
CURE = "What was accepted is stored and goes on by itself when Redis is back; see `python cli.py doctor`."


def redis_connection() -> Redis:
    """Return the application's connection for short commands; it gives up quickly."""
    runtime = current_app.extensions["edupulse"]
    if runtime.redis is None:
        runtime.redis = connect(current_settings().redis_url)
    connection: Redis = runtime.redis
    return connection


def connect(url: str, *, patience_seconds: float = 0, reply_seconds: float = REPLY_SECONDS) -> Redis:
    """Open a connection to `url`; with patience, a lost one is tried again for about that long."""
    retries = max(1, int(patience_seconds))  # the back-off below is capped at one second
    over_network = {} if url.startswith("unix") else {"socket_keepalive": True}
    return Redis.from_url(
        url,
        **over_network,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=reply_seconds,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=Retry(ExponentialWithJitterBackoff(cap=1, base=0.05), retries),
        retry_on_error=[RedisConnectionError, RedisTimeoutError],
    )


@contextmanager
def redis_or_unavailable() -> Iterator[Redis]:
    """Give the connection to the block; turn its failures into Unavailable with a cure."""
    try:
        yield redis_connection()
    except RedisError as error:
        raise Unavailable(f"Redis cannot be reached ({type(error).__name__}).", cure=CURE) from error
