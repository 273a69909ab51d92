"""The one entrance for work: a checked row in the ledger first, a message in Redis after the commit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from edupulse.clock import now
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.logs import current_request_id
from edupulse.transaction import after_commit, transaction

RESULT_TTL = 500  # seconds; the ledger keeps results, Redis only for rq-dashboard's eyes
FAILURE_TTL = 86_400  # seconds; RQ's default of a year fills Redis
PUSH_BATCH = 500  # jobs per round trip


def enqueue(
    name: str, *, occurrence_key: str | None = None, actor: str = "system", **arguments: Any
) -> JobRun:
    """Accept one run of the job `name` and hand it to Redis when the transaction has committed.

    The same `occurrence_key` is accepted once: later calls return the first run.
    Raises Invalid for an unknown name or arguments that do not fit; Redis being away raises nothing.
    """
    spec = current_catalog().get(name)
    spec.check(arguments)
    row = _row(spec, arguments, occurrence_key, actor)
    with transaction() as session:
        inserted = session.scalar(_insert_unless_known(row)) if occurrence_key else _add(row)
        if inserted is None:
            return session.scalars(select(JobRun).where(JobRun.occurrence_key == occurrence_key)).one()
        after_commit(push, row["id"])
        return session.get_one(JobRun, row["id"])


def enqueue_many(name: str, arguments_list: Iterable[dict[str, Any]], *, actor: str = "system") -> list[str]:
    """Accept many runs of one job at once; return their ids."""
    spec = current_catalog().get(name)
    rows = []
    for arguments in arguments_list:
        spec.check(arguments)
        rows.append(_row(spec, arguments, None, actor))
    if not rows:
        return []
    with transaction() as session:
        session.execute(insert(JobRun), rows)
        for row in rows:
            after_commit(push, row["id"])
    return [row["id"] for row in rows]


def push(run_ids: Sequence[str]) -> None:
    """Put the runs that are still queued into their Redis queues, `PUSH_BATCH` a round trip.

    Doing it twice is harmless: the ledger lets only one worker begin a run. Raises Unavailable.
    """
    for start in range(0, len(run_ids), PUSH_BATCH):
        wanted = run_ids[start : start + PUSH_BATCH]
        runs = db.session.scalars(select(JobRun).where(JobRun.id.in_(wanted), JobRun.state == "queued")).all()
        order = {run_id: position for position, run_id in enumerate(wanted)}
        _push_batch(sorted(runs, key=lambda run: order[run.id]))


def _push_batch(runs: Sequence[JobRun]) -> None:
    with redis_or_unavailable() as redis, redis.pipeline(transaction=False) as pipeline:
        queues: dict[str, Queue] = {}
        for run in runs:
            queue = queues.setdefault(
                run.queue, Queue(run.queue, connection=redis, serializer=JSONSerializer)
            )
            queue.enqueue_job(rq_job(run, queue), pipeline=pipeline)
            pipeline.zrem(queue.failed_job_registry.key, run.id)  # an earlier try may stand there
        pipeline.execute()


def rq_job(run: JobRun, queue: Queue) -> Job:
    """Return the RQ job that stands for `run`: same id, plain JSON, every lifetime finite."""
    spec = current_catalog().get(run.name)
    return queue.create_job(
        spec.path,
        kwargs=run.arguments,
        job_id=run.id,
        description=run.name,
        timeout=spec.hard_limit_seconds,
        result_ttl=RESULT_TTL,
        failure_ttl=FAILURE_TTL,
    )


def _row(spec: JobSpec, arguments: dict[str, Any], occurrence_key: str | None, actor: str) -> dict[str, Any]:
    moment = now()
    return {
        "id": f"{spec.name.replace('.', '-')}-{secrets.token_hex(10)}",
        "name": spec.name,
        "queue": spec.queue,
        "state": "queued",
        "arguments": arguments,
        "occurrence_key": occurrence_key,
        "actor": actor,
        "request_id": current_request_id(),
        "attempts": 0,
        "created_at": moment,
        "available_at": moment,
    }


def _add(row: dict[str, Any]) -> str:
    db.session.execute(insert(JobRun), [row])
    return str(row["id"])


def _insert_unless_known(row: dict[str, Any]) -> Any:
    upsert = sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert
    known = upsert(JobRun).values(row).on_conflict_do_nothing(index_elements=["occurrence_key"])
    return known.returning(JobRun.id)
