"""A worker's line to a real Redis, and what Redis shows afterwards in a form that can be compared."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from edupulse.control.engine.transport import Ended, Taken, Transport
from edupulse.control.engine.wakeup import Wakeup
from edupulse.control.messages import Waiting, rq_job
from edupulse.control.run import Failure, Outcome, Run
from edupulse.control.signature import sign
from edupulse.control.worker import LedgerWorker

SOON = datetime(2026, 1, 1, tzinfo=UTC)
TIMES = {
    "created_at", "enqueued_at", "started_at", "ended_at", "last_heartbeat", "birth", "total_working_time",
    "execution_started_at", "execution_ended_at",
}  # fmt: skip
TEXTS = {"exc_string", "ip_address"}  # a traceback differs in its lines, a connection in its number


class Line:
    """A transport with ears open, and what it heard."""

    def __init__(self, app: Flask, redis: Redis, *queues: str, name: str = "w1") -> None:
        self.stopped: list[str] = []
        self.shut_down = 0
        self.wakeup = Wakeup()
        self.connection = Redis(connection_pool=redis.connection_pool)
        worker = LedgerWorker(name, queues or ("default",), Redis.from_url(url_of(redis)))
        self.transport = Transport(
            worker, self.wakeup, on_stop_job=self.stopped.append, on_shutdown=self._shut_down
        )
        self.transport.open()

    def take(self, want: int = 1, ended: list[Ended] | None = None) -> list[Taken]:
        return self.transport.turn(ended or [], want)

    def end(self, taken: Taken, state: str = "finished", result: Any = None, **failure: Any) -> None:
        self.transport.turn([ended(taken, state, result, **failure)], 0)

    def close(self) -> None:
        self.transport.close()
        self.wakeup.close()

    def _shut_down(self) -> None:
        self.shut_down += 1


def ended(taken: Taken, state: str = "finished", result: Any = None, *, why: str = "") -> Ended:
    """Return that this run has ended so."""
    run = Run(taken.run_id, "diagnostics.ping", "default", {}, 1)
    return Ended(taken, Outcome(run, state, result, Failure("ValueError", why, why) if why else None))


def url_of(redis: Redis) -> str:
    return f"unix://{redis.connection_pool.connection_kwargs['path']}"


def message(
    redis: Redis, run_id: str = "run-1", *, lane: str = "default", change: Callable[[Job], None] | None = None
) -> Job:
    """Put a signed message in a lane as RQ does, with what `change` adds to the job."""
    queue = Queue(lane, connection=redis, serializer=JSONSerializer)
    job = rq_job(Waiting(run_id, "diagnostics.ping", "default", {"note": "x"}, 0, SOON), queue)
    if change is not None:
        change(job)
    sign(job)
    return queue.enqueue_job(job)


def picture(redis: Redis) -> dict[str, Any]:
    """Return every key of Redis with its content and lifetime; times, and names made by chance, made equal."""
    return {
        _named(key.decode()): (_content(redis, key), _about(redis.ttl(key)))
        for key in redis.scan_iter("rq:*")
    }


def _content(redis: Redis, key: bytes) -> Any:
    kind = redis.type(key).decode()
    if kind == "hash":
        return _fields(redis.hgetall(key))
    if kind == "zset":
        return {
            _named(one.decode()): _about(score - time.time())
            for one, score in redis.zrange(key, 0, -1, withscores=True)
        }
    if kind == "stream":
        return [_fields(fields) for _, fields in redis.xrange(key)]
    if kind == "list":
        return [_named(one.decode()) for one in redis.lrange(key, 0, -1)]
    return {_named(one.decode()) for one in redis.smembers(key)}


def _fields(fields: dict[bytes, bytes]) -> dict[str, Any]:
    return {name.decode(): _value(name.decode(), value) for name, value in fields.items()}


def _value(name: str, value: bytes) -> Any:
    if name in TIMES:
        return "a time" if value else "no time"
    return "a text" if name in TEXTS else _named(value.decode("latin-1"))


def _named(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{32}\b", "<execution>", text)


def _about(seconds: float) -> float:
    """Return a lifetime in tens of seconds, so that a slow test is no other picture."""
    return seconds if math.isinf(seconds) else round(seconds / 10)
