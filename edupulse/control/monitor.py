"""What the doors ask about jobs: what waits, runs, is late or failed, each run; and how the parts are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, func, or_, select

from edupulse.control.catalog import QUEUES
from edupulse.control.models import OPEN_ROWS, JobRun, Schedule
from edupulse.control.parts import (
    START_ALL,
    Service,
    database_service,
    live_processes,
    needed_queues,
    redis_service,
    scheduler_service,
    services,
    workers_service,
)
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

__all__ = [
    "START_ALL",
    "Backlog",
    "Overview",
    "QueueLoad",
    "RunFilter",
    "Service",
    "backlog",
    "database_service",
    "failures_since",
    "late_runs",
    "late_schedules",
    "live_processes",
    "overview",
    "queue_loads",
    "redis_service",
    "run",
    "runs",
    "scheduler_service",
    "services",
    "workers_service",
]

LATE_AFTER = timedelta(seconds=60)  # a run or a schedule that waits longer than this is late
RECENT = timedelta(hours=24)


@dataclass(frozen=True)
class QueueLoad:
    """What stands in one queue, since when, and who listens to it."""

    name: str
    waiting: int
    oldest: datetime | None
    running: int
    workers: int


@dataclass(frozen=True)
class Backlog:
    """How many runs wait for a worker, and since when the oldest of them."""

    count: int
    since: datetime | None


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; an empty value means any."""

    state: str = ""
    name: str = ""
    queue: str = ""
    text: str = ""  # in the id, the arguments or the error


@dataclass(frozen=True)
class Overview:
    """The state of all jobs at one moment; counts of ended runs are of the last 24 hours."""

    queues: list[QueueLoad]
    backlog: Backlog
    running: int
    finished: int
    failed: int
    asking: int  # interrupted runs whose job wants a person to decide
    late: list[JobRun]
    failures: list[JobRun]
    broken: list[str]  # names of the jobs that failed and have not succeeded since
    late_schedules: list[Schedule]


def overview(now: datetime) -> Overview:
    """Return what waits, runs, is late and has failed."""
    queues = queue_loads(now)
    ended, failures = _ended_since(now - RECENT), failures_since(now - RECENT)
    return Overview(
        queues=queues,
        backlog=backlog(),
        running=sum(queue.running for queue in queues),
        finished=ended.get("finished", 0),
        failed=ended.get("failed", 0),
        asking=db.session.scalar(select(func.count()).where(OPEN_ROWS, JobRun.state == "interrupted")) or 0,
        late=late_runs(now),
        failures=failures,
        broken=_not_mended(failures),
        late_schedules=late_schedules(now),
    )


def backlog() -> Backlog:
    """Return what waits for a worker."""
    waiting = select(func.count(), func.min(JobRun.available_at)).where(OPEN_ROWS, JobRun.state == "queued")
    return Backlog(*db.session.execute(waiting).one())


def queue_loads(now: datetime) -> list[QueueLoad]:
    """Return each queue that is used, in the order of the catalog's queues."""
    waiting = _open_by_queue("queued")
    running = _open_by_queue("started")
    listening = [queue for worker in live_processes(now) for queue in worker.queues]
    names = {*needed_queues(), *waiting, *running}
    return [
        QueueLoad(
            name=name,
            waiting=waiting.get(name, (0, None))[0],
            oldest=waiting.get(name, (0, None))[1],
            running=running.get(name, (0, None))[0],
            workers=listening.count(name),
        )
        for name in sorted(
            names, key=lambda name: (QUEUES.index(name) if name in QUEUES else len(QUEUES), name)
        )
    ]


def late_runs(now: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that have waited longest, where that is too long."""
    late = select(JobRun).where(OPEN_ROWS, JobRun.state == "queued", JobRun.available_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(JobRun.available_at).limit(limit)))


def failures_since(since: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that failed lately, newest first."""
    failed = select(JobRun).where(JobRun.state == "failed", JobRun.created_at >= since)
    return list(db.session.scalars(failed.order_by(JobRun.created_at.desc()).limit(limit)))


def late_schedules(now: datetime) -> list[Schedule]:
    """Return the enabled schedules whose time has passed without a run."""
    late = select(Schedule).where(Schedule.enabled, Schedule.next_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(Schedule.next_at)))


def runs(filters: RunFilter, cursor: str = "", size: int = PAGE_SIZE) -> Page[JobRun]:
    """Return a page of runs, newest first; raises Invalid for a bad cursor."""
    query = select(JobRun)
    for column, value in (
        (JobRun.state, filters.state),
        (JobRun.name, filters.name),
        (JobRun.queue, filters.queue),
    ):
        if value:
            query = query.where(column == value)
    if filters.text:
        query = query.where(or_(*(column.icontains(filters.text, autoescape=True) for column in _SEARCHED)))
    return page_of(query, Order(JobRun.created_at, JobRun.id), cursor=cursor, size=size)


def run(run_id: str) -> JobRun:
    """Return one run; raises NotFound."""
    found = db.session.get(JobRun, run_id)
    if found is None:
        raise NotFound(f"There is no job run {run_id[:100]!r}.", run_id=run_id)
    return found


_SEARCHED = (JobRun.id, JobRun.name, JobRun.error_message, JobRun.error_class, cast(JobRun.arguments, String))


def _open_by_queue(state: str) -> dict[str, tuple[int, datetime | None]]:
    counted = select(JobRun.queue, func.count(), func.min(JobRun.available_at)).where(
        OPEN_ROWS, JobRun.state == state
    )
    return {
        queue: (count, oldest) for queue, count, oldest in db.session.execute(counted.group_by(JobRun.queue))
    }


def _ended_since(since: datetime) -> dict[str, int]:
    ended = select(JobRun.state, func.count()).where(JobRun.created_at >= since, JobRun.ended_at.is_not(None))
    return _pairs(db.session.execute(ended.group_by(JobRun.state)))


def _pairs(rows: Iterable[Any]) -> dict[str, Any]:
    return {row[0]: row[1] for row in rows}


def _not_mended(failures: Iterable[JobRun]) -> list[str]:
    latest: dict[str, datetime] = {}
    for failed in failures:
        latest[failed.name] = max(failed.created_at, latest.get(failed.name, failed.created_at))
    return sorted(name for name, at in latest.items() if not _succeeded_since(name, at))


def _succeeded_since(name: str, at: datetime) -> bool:
    later = select(JobRun.id).where(JobRun.name == name, JobRun.created_at >= at, JobRun.state == "finished")
    return db.session.scalar(later.limit(1)) is not None
