"""A run of the ledger becomes a message in its Redis queue, as RQ itself would write it, signed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from redis import Redis
from rq import Queue
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import utcformat
from sqlalchemy import select

from edupulse.clock import now
from edupulse.control.catalog import current_catalog, lane
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.models import JobRun
from edupulse.control.signature import META_KEY, sign, signature, signing_key
from edupulse.database import db

RESULT_TTL = 500  # seconds; the ledger keeps results, Redis only for rq-dashboard's eyes
FAILURE_TTL = 86_400  # seconds; RQ's default of a year fills Redis
PUSH_BATCH = 500  # jobs per round trip
BELL = "edupulse:bell"  # channel on which workers hear that something waits
RANK = "rank"  # field of the job's hash: seconds since 1970, less for the urgent; the lowest is taken first
RANK_STEP = 600.0  # seconds that a job waits at most for those of the next higher priority that came later


class Waiting(NamedTuple):
    """What a message is made of."""

    id: str
    name: str
    queue: str
    arguments: dict[str, Any]
    priority: int
    available_at: datetime


def push(run_ids: Sequence[str]) -> None:
    """Put the runs that are still queued into their Redis queues, `PUSH_BATCH` a round trip.

    Doing it twice is harmless: the ledger lets only one worker begin a run. Raises Unavailable.
    """
    columns = [getattr(JobRun, name) for name in Waiting._fields]
    for start in range(0, len(run_ids), PUSH_BATCH):
        wanted = run_ids[start : start + PUSH_BATCH]
        rows = db.session.execute(select(*columns).where(JobRun.id.in_(wanted), JobRun.state == "queued"))
        found = {row.id: Waiting(*row) for row in rows}
        push_these([found[run_id] for run_id in wanted if run_id in found])


def push_these(runs: Sequence[Waiting]) -> None:
    """Write the messages of `runs`, then put them in line and ring, in one round trip. Raises Unavailable."""
    by_lane: dict[str, list[str]] = {}
    for run in runs:
        by_lane.setdefault(lane(run.queue, run.priority), []).append(run.id)
    if not runs:
        return
    with redis_or_unavailable() as redis, redis.pipeline(transaction=False) as pipeline:
        # An earlier try has left more than it should keep, and a date to expire.
        pipeline.delete(*(Job.key_for(run.id) for run in runs))
        for command in _hashes(redis, runs):
            pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
        for name, run_ids in by_lane.items():
            queue = Queue(name, connection=redis)
            pipeline.sadd(Queue.redis_queues_keys, queue.key)
            pipeline.zrem(FailedJobRegistry(queue=queue).key, *run_ids)
            pipeline.rpush(queue.key, *run_ids)
        pipeline.publish(BELL, "")
        pipeline.execute()


def rq_job(run: Waiting | JobRun, queue: Queue) -> Job:
    """Return the RQ job that stands for `run`: same id, plain JSON, every lifetime finite, signed."""
    spec = current_catalog().get(run.name)
    job = queue.create_job(
        spec.path,
        kwargs=run.arguments,
        job_id=run.id,
        description=run.name,
        timeout=spec.hard_limit_seconds,
        result_ttl=RESULT_TTL,
        failure_ttl=FAILURE_TTL,
    )
    job.enqueued_at = job.created_at
    sign(job)
    return job


def _hashes(redis: Redis, runs: Iterable[Waiting]) -> Iterable[list[Any]]:
    """Yield the command that writes each message: RQ makes the first of a kind, the others differ in few fields."""
    key, moment, catalog = signing_key(), utcformat(now()), current_catalog()
    patterns: dict[tuple[str, str], list[Any]] = {}
    for run in runs:
        kind = (run.name, lane(run.queue, run.priority))
        if kind not in patterns:
            patterns[kind] = _pattern(run, Queue(kind[1], connection=redis, serializer=JSONSerializer))
        data = json.dumps((catalog.get(run.name).path, None, (), run.arguments)).encode()
        meta = json.dumps({META_KEY: signature(key, run.id, data)})
        rank = run.available_at.timestamp() - run.priority * RANK_STEP
        own = (
            "created_at",
            moment,
            "enqueued_at",
            moment,
            "data",
            zlib.compress(data),
            "meta",
            meta,
            RANK,
            rank,
        )
        yield ["HSET", Job.key_for(run.id), *patterns[kind], *own]


def _pattern(run: Waiting, queue: Queue) -> list[Any]:
    """Return the fields and values that all messages of one job in one lane have in common.

    Without those that RQ writes as an empty text: it reads them the same when they are missing, and a waiting
    message takes a fifth less memory.
    """
    fields = rq_job(run, queue).to_dict()
    common = {name: value for name, value in fields.items() if name not in _OWN and value != ""}
    common["status"] = str(common["status"].value)
    return list(chain.from_iterable(common.items()))


_OWN = ("created_at", "enqueued_at", "data", "meta")
