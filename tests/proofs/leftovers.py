"""What Redis holds that the ledger does not know as open: after a storm there must be nothing of the kind."""

from __future__ import annotations

from collections.abc import Iterator

from redis import Redis
from sqlalchemy import select

from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.database import db

WAITING = ("rq:queue:*", "rq:queue:*:intermediate")  # lists of run ids
UNDER_WAY = ("rq:wip:*", "rq:deferred:*", "rq:scheduled:*")  # sorted sets of run ids, or of run:execution


def orphans(redis: Redis) -> list[str]:
    """Return each entry of Redis whose run is over or unknown, with where it stands.

    Redis is read first: what begins in between is open in the ledger when that is read.
    """
    found = [*_in_lists(redis), *_in_registries(redis), *_executions(redis), *_kept_for_ever(redis)]
    db.session.rollback()
    alive = set(db.session.scalars(select(JobRun.id).where(OPEN_ROWS)))
    return [f"{where} {run_id}" for where, run_id in found if run_id not in alive]


def _in_lists(redis: Redis) -> Iterator[tuple[str, str]]:
    for key in {key for pattern in WAITING for key in redis.scan_iter(pattern, _type="list")}:
        for member in redis.lrange(key, 0, -1):
            yield key.decode(), member.decode()


def _in_registries(redis: Redis) -> Iterator[tuple[str, str]]:
    for key in {key for pattern in UNDER_WAY for key in redis.scan_iter(pattern, _type="zset")}:
        for member in redis.zrange(key, 0, -1):
            yield key.decode(), member.decode().partition(":")[0]


def _executions(redis: Redis) -> Iterator[tuple[str, str]]:
    """Executions without an end to their life; others go by themselves."""
    for key in redis.scan_iter("rq:execution:*", count=1000):
        if redis.ttl(key) == -1:
            yield "rq:execution", key.decode().split(":")[2]


def _kept_for_ever(redis: Redis) -> Iterator[tuple[str, str]]:
    """Jobs that have no end to their life: only what waits or is under way may have none."""
    keys = list(redis.scan_iter("rq:job:*", count=1000))
    with redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.ttl(key)
        lives = pipeline.execute()
    for key, seconds in zip(keys, lives, strict=True):
        if seconds == -1:
            yield "rq:job", key.decode().removeprefix("rq:job:")
