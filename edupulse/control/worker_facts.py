"""The processes that work, as an operator wants to see them: how each one is, and what it has in hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from edupulse.control.models import OPEN_ROWS, JobRun, Worker
from edupulse.control.workers import BEAT_SECONDS, DEAD_AFTER
from edupulse.database import db
from edupulse.version import VERSION

LATE_AFTER = timedelta(seconds=3 * BEAT_SECONDS)  # a beat may be late on a busy machine, three are a sign
GONE_AFTER = timedelta(hours=1)  # so long those are shown that have ended


@dataclass(frozen=True)
class WorkerFacts:
    """One process: `state` is running | late (its heart is slow) | stopped (as it was told) | dead."""

    name: str
    kind: str
    host: str
    pid: int
    pool: str | None
    state: str
    queues: list[str]
    threads: int
    works_on: list[JobRun]
    jobs_done: int
    jobs_failed: int
    memory_bytes: int | None
    started_at: datetime
    heartbeat_at: datetime
    version: str

    @property
    def is_current(self) -> bool:
        """Say whether it runs the release that is installed here."""
        return self.version == VERSION


def worker_list(now: datetime, *, gone: timedelta = GONE_AFTER) -> list[WorkerFacts]:
    """Return every process that lives, and those that ended at most `gone` ago, by kind and start."""
    seen = select(Worker).where(or_(Worker.state == "running", Worker.heartbeat_at >= now - gone))
    rows = db.session.scalars(seen.order_by(Worker.kind.desc(), Worker.started_at, Worker.name)).all()
    in_hand = work_in_hand()
    return [_facts(row, in_hand.get(row.name, []), now) for row in rows]


def active(now: datetime, limit: int = 200) -> list[JobRun]:
    """Return the runs that are under way, the oldest first."""
    begun = select(JobRun).where(OPEN_ROWS, JobRun.state == "started")
    return list(db.session.scalars(begun.order_by(JobRun.started_at, JobRun.id).limit(limit)))


def work_in_hand() -> dict[str, list[JobRun]]:
    """Return what each worker works on at this moment, by its name, the oldest first."""
    found: dict[str, list[JobRun]] = {}
    begun = select(JobRun).where(OPEN_ROWS, JobRun.state == "started").order_by(JobRun.started_at)
    for work in db.session.scalars(begun):
        found.setdefault(work.worker or "", []).append(work)
    return found


def _facts(row: Worker, works_on: list[JobRun], now: datetime) -> WorkerFacts:
    return WorkerFacts(
        name=row.name,
        kind=row.kind,
        host=row.host,
        pid=row.pid,
        pool=row.pool,
        state=_state(row, now),
        queues=row.queues,
        threads=row.threads,
        works_on=works_on,
        jobs_done=row.jobs_done,
        jobs_failed=row.jobs_failed,
        memory_bytes=row.memory_bytes,
        started_at=row.started_at,
        heartbeat_at=row.heartbeat_at,
        version=row.version,
    )


def _state(row: Worker, now: datetime) -> str:
    silence = now - row.heartbeat_at
    if row.state != "running":
        return row.state
    if silence >= DEAD_AFTER:
        return "dead"
    return "late" if silence >= LATE_AFTER else "running"
