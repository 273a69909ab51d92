"""The one way to Redis, or to the one that Sentinels name: quick for those who may not wait, patient for processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from redis.sentinel import Sentinel

from edupulse.config import current_settings
from edupulse.errors import Unavailable
from edupulse.sentinel_url import SentinelUrl, is_sentinel_url, parse_sentinel_url

CONNECT_SECONDS = 2.0  # a page must not hang because Redis does
REPLY_SECONDS = 5.0  # above any honest answer of a loaded Redis
SENTINEL_SECONDS = 0.5  # a Sentinel that says nothing for this is passed over: the next one knows as much
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
    """Open a connection to `url`; with patience, a lost one is tried again for about that long.

    A URL of Sentinels gives one that asks them for the master whenever it connects, and so follows a failover.
    """
    retries = max(1, int(patience_seconds))  # the back-off below is capped at one second
    options = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": reply_seconds,
        "health_check_interval": HEALTH_CHECK_SECONDS,
        "retry": Retry(ExponentialWithJitterBackoff(cap=1, base=0.05), retries),
        "retry_on_error": [RedisConnectionError, RedisTimeoutError],
    }
    if not url.startswith("unix"):
        options["socket_keepalive"] = True
    if is_sentinel_url(url):
        return _follow(parse_sentinel_url(url), options)
    return Redis.from_url(url, **options)


def _follow(url: SentinelUrl, options: dict[str, Any]) -> Redis:
    tls = {"ssl": True, "ssl_ca_certs": url.ssl_ca_certs} if url.tls else {}
    # Asked one after the other: a silent one must not use up the patience of its neighbours.
    asking: dict[str, Any] = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    asking |= {"retry": Retry(NoBackoff(), 0), "password": url.sentinel_password}
    watchers = Sentinel(list(url.sentinels), sentinel_kwargs={**asking, **tls})  # type: ignore[no-untyped-call]
    login = {"username": url.username, "password": url.password, "db": url.database}
    client: Redis = watchers.master_for(url.service, **login, **tls, **options)  # type: ignore[no-untyped-call]
    return client


@contextmanager
def redis_or_unavailable() -> Iterator[Redis]:
    """Give the connection to the block; turn its failures into Unavailable with a cure."""
    try:
        yield redis_connection()
    except RedisError as error:
        raise Unavailable(f"Redis cannot be reached ({type(error).__name__}).", cure=CURE) from error
