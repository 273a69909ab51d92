"""How often a program may call: so many times a minute, counted in Redis, in memory while it is away."""

from __future__ import annotations

import time
from typing import ClassVar

from flask import Flask, Response, g, request
from flask_limiter import ApplicationLimit, Limiter
from limits.storage import Storage
from redis.exceptions import RedisError

from edupulse.api.gate import known_caller
from edupulse.config import current_settings
from edupulse.control.connection import redis_connection

SCHEME = "edupulse"
PREFIX = "edupulse:calls:"


class OwnRedis(Storage):
    """Counts in the application's Redis, by whichever way it is reached: socket, TLS or Sentinels."""

    STORAGE_SCHEME: ClassVar[list[str]] = [SCHEME]  # type: ignore[misc]

    @property
    def base_exceptions(self) -> type[Exception]:
        return RedisError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count `amount` more calls; the first one begins a window of `expiry` seconds."""
        with redis_connection().pipeline() as pipeline:
            pipeline.set(PREFIX + key, 0, ex=expiry, nx=True)
            pipeline.incrby(PREFIX + key, amount)
            return int(pipeline.execute()[1])

    def get(self, key: str) -> int:
        """Return how many calls this window has seen."""
        return int(redis_connection().get(PREFIX + key) or 0)

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        return time.time() + max(redis_connection().ttl(PREFIX + key), 0)

    def check(self) -> bool:
        """Say whether Redis is back."""
        try:
            return bool(redis_connection().ping())
        except RedisError:
            return False

    def clear(self, key: str) -> None:
        redis_connection().delete(PREFIX + key)

    def reset(self) -> None:
        raise NotImplementedError  # as the library expects of a storage that others use too


def register(app: Flask) -> None:
    """Limit the calls of the API of `app`, and tell each caller what is left."""
    app.after_request(_restore_wait)  # the last registered runs first: this one after the limiter's
    app.before_request(
        _ask_who_calls
    )  # here and not inside the limiter, which would take a fault of it for Redis's
    limiter = Limiter(
        _caller,
        application_limits=[ApplicationLimit(_limit, error_message=_too_many)],
        storage_uri=f"{SCHEME}://",
        in_memory_fallback_enabled=True,
        # Only the first thread that loses Redis falls back by itself; those that wait for it just then go uncounted.
        swallow_errors=True,
        headers_enabled=True,
    )
    limiter.request_filter(lambda: not _is_ours())
    limiter.init_app(app)
    app.after_request(_keep_wait)


def _is_ours() -> bool:
    return (request.endpoint or "").startswith("api.")


def _ask_who_calls() -> None:
    if _is_ours():
        known_caller()


def _caller() -> str:
    """Return whose calls are counted together: a token's, else those of a network address."""
    bearer = known_caller()
    return f"token:{bearer.token_id}" if bearer else f"address:{request.remote_addr}"


def _limit() -> str:
    allowed = current_settings().api_rate_limit
    return f"{allowed} per minute" if allowed else ""


def _too_many() -> str:
    return f"There were more than {current_settings().api_rate_limit} calls in a minute."


def _keep_wait(response: Response) -> Response:
    g.wait = response.headers.get("Retry-After")
    return response


def _restore_wait(response: Response) -> Response:
    """Undo what the limiter writes to answers other than its own: when to try again is for refusals to say."""
    if _is_ours() and (response.status_code != 429 or g.wait):
        response.headers.pop("Retry-After", None)
        if g.wait:
            response.headers["Retry-After"] = g.wait
    return response
