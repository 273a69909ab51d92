"""What Redis still shows of runs that are elsewhere or over is removed, so that rq-dashboard does not lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis import Redis
from rq import Queue
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.worker_registration import clean_worker_registry
from sqlalchemy import select

from edupulse.control import timetable
from edupulse.control.catalog import LANES
from edupulse.control.messages import RESULT_TTL
from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.control.workers import alive_workers
from edupulse.database import db

LOOKED_AT = 500  # entries per list and round: what is next in line matters, the rest comes up later


@dataclass
class Lane:
    """What one Redis queue shows, as far as one round looks."""

    queue: Queue
    waiting: set[str] = field(default_factory=set)
    popped: set[str] = field(default_factory=set)
    executions: list[Execution] = field(default_factory=list)

    @property
    def run_ids(self) -> set[str]:
        return self.waiting | self.popped | {execution.job_id for execution in self.executions}


def clear(redis: Redis, moment: datetime) -> int:
    """Remove leftovers of our runs from RQ's lists and registries; return how many. Foreign jobs stay."""
    shown = [lane for lane in _read(redis) if lane.run_ids]
    _keep_only_ghosts(redis, shown, alive_workers(moment))
    states = _states({run_id for lane in shown for run_id in lane.run_ids})
    for name in LANES:
        clean_worker_registry(Queue(name, connection=redis))
    return sum(_clear_lane(redis, lane, states) for lane in shown)


def _read(redis: Redis) -> list[Lane]:
    lanes = [Lane(Queue(name, connection=redis)) for name in LANES]
    with redis.pipeline(transaction=False) as pipeline:
        for lane in lanes:
            pipeline.lrange(lane.queue.key, 0, LOOKED_AT - 1)
            pipeline.lrange(lane.queue.intermediate_queue_key, 0, LOOKED_AT - 1)
            pipeline.zrange(StartedJobRegistry(queue=lane.queue).key, 0, LOOKED_AT - 1)
        answers = iter(pipeline.execute())
    for lane in lanes:
        lane.waiting, lane.popped = _ids(next(answers)), _ids(next(answers))
        pairs = (entry.partition(":") for entry in sorted(_ids(next(answers))))
        lane.executions = [
            Execution(id=execution, job_id=job, connection=redis) for job, _, execution in pairs
        ]
    return lanes


def _ids(members: Iterable[Any]) -> set[str]:
    return {member.decode("utf-8", "replace") for member in members}


def _keep_only_ghosts(redis: Redis, lanes: Sequence[Lane], alive: Set[str]) -> None:
    """Drop from sight the executions whose worker beats: it ends them itself."""
    with redis.pipeline(transaction=False) as pipeline:
        for lane in lanes:
            for execution in lane.executions:
                pipeline.hget(execution.key, "worker_name")
        workers = iter(pipeline.execute())
    for lane in lanes:
        lane.executions = [one for one in lane.executions if (next(workers) or b"").decode() not in alive]


def _states(run_ids: Iterable[str]) -> dict[str, str]:
    ours = {run_id for run_id in run_ids if timetable.is_clean(run_id)}
    if not ours:
        return {}
    db.session.rollback()  # ends an older snapshot
    rows = db.session.execute(select(JobRun.id, JobRun.state).where(JobRun.id.in_(ours)))
    return {row.id: row.state for row in rows}


def _clear_lane(redis: Redis, lane: Lane, states: Mapping[str, str]) -> int:
    over = {run_id for run_id, state in states.items() if state in FINAL_STATES}
    ghosts = [ghost for ghost in lane.executions if ghost.job_id in states]
    # Between pop and begin a run needs no list: if its worker dies now, the ledger still has it waiting.
    removed = _remove(redis, lane.queue.intermediate_queue_key, lane.popped & states.keys())
    removed += _remove(redis, lane.queue.key, lane.waiting & over)
    removed += _end(redis, lane.queue, ghosts)
    _let_expire(redis, over & (lane.waiting | {ghost.job_id for ghost in ghosts}))
    return removed


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
