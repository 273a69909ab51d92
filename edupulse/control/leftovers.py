"""What Redis still shows of runs that are elsewhere or over is removed, so that rq-dashboard does not lie."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime
from itertools import chain
from typing import Any

from redis import Redis
from rq import Queue
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job
from rq.registry import StartedJobRegistry
from sqlalchemy import select

from edupulse.control import timetable
from edupulse.control.catalog import QUEUES
from edupulse.control.enqueue import RESULT_TTL
from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.control.workers import alive_workers
from edupulse.database import db

LOOKED_AT = 500  # entries per list and round: what is next in line matters, the rest comes up later


def clear(redis: Redis, moment: datetime) -> int:
    """Remove leftovers of our runs from RQ's lists and registries; return how many. Foreign jobs stay."""
    alive = alive_workers(moment)
    return sum(_clear_queue(redis, Queue(name, connection=redis), alive) for name in QUEUES)


def _clear_queue(redis: Redis, queue: Queue, alive: Set[str]) -> int:
    waiting = _ids(redis.lrange(queue.key, 0, LOOKED_AT - 1))
    popped = _ids(redis.lrange(queue.intermediate_queue_key, 0, LOOKED_AT - 1))
    ghosts = _executions_of_the_dead(redis, queue, alive)
    if not (waiting or popped or ghosts):
        return 0
    states = _states(chain(waiting, popped, (ghost.job_id for ghost in ghosts)))
    over = {run_id for run_id, state in states.items() if state in FINAL_STATES}
    # Between pop and begin a run needs no list: if its worker dies now, the ledger still has it waiting.
    removed = _remove(redis, queue.intermediate_queue_key, popped & states.keys())
    removed += _remove(redis, queue.key, waiting & over)
    removed += _end(redis, queue, [ghost for ghost in ghosts if ghost.job_id in states])
    _let_expire(redis, over & (waiting | {ghost.job_id for ghost in ghosts}))
    return removed


def _ids(members: Iterable[Any]) -> set[str]:
    return {member.decode("utf-8", "replace") for member in members}


def _executions_of_the_dead(redis: Redis, queue: Queue, alive: Set[str]) -> list[Execution]:
    """Return the executions in the queue's registry whose worker does not beat any more."""
    members = redis.zrange(StartedJobRegistry(queue=queue).key, 0, LOOKED_AT - 1)
    pairs = (entry.partition(":") for entry in sorted(_ids(members)))
    found = [Execution(id=execution, job_id=job, connection=redis) for job, _, execution in pairs]
    with redis.pipeline(transaction=False) as pipeline:
        for execution in found:
            pipeline.hget(execution.key, "worker_name")
        workers = pipeline.execute()
    return [
        execution
        for execution, worker in zip(found, workers, strict=True)
        if (worker or b"").decode() not in alive
    ]


def _states(run_ids: Iterable[str]) -> dict[str, str]:
    db.session.rollback()  # ends an older snapshot
    ours = {run_id for run_id in run_ids if timetable.is_clean(run_id)}
    rows = db.session.execute(select(JobRun.id, JobRun.state).where(JobRun.id.in_(ours)))
    return {row.id: row.state for row in rows}


def _remove(redis: Redis, key: str, run_ids: Iterable[str]) -> int:
    with redis.pipeline(transaction=False) as pipeline:
        for run_id in run_ids:
            pipeline.lrem(key, 0, run_id)
        return sum(pipeline.execute())


def _end(redis: Redis, queue: Queue, ghosts: list[Execution]) -> int:
    """Remove executions as RQ does when one ends."""
    with redis.pipeline() as pipeline:
        for ghost in ghosts:
            pipeline.zrem(StartedJobRegistry(queue=queue).key, ghost.composite_key)
            pipeline.zrem(ExecutionRegistry(ghost.job_id, redis).key, ghost.id)
            pipeline.delete(ghost.key)
        pipeline.execute()
    return len(ghosts)


def _let_expire(redis: Redis, run_ids: Iterable[str]) -> None:
    """Give RQ's record of runs that are over an end: a job that was put in a queue has none."""
    with redis.pipeline(transaction=False) as pipeline:
        for run_id in run_ids:
            pipeline.expire(Job.key_for(run_id), RESULT_TTL)
        pipeline.execute()
