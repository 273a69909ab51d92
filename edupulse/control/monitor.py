"""What the doors ask about jobs: what waits, runs, is late or failed, each run; and how the parts are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from edupulse import clock
from edupulse.control import pauses
from edupulse.control.catalog import QUEUES
from edupulse.control.failures import FailureGroup, failure_groups
from edupulse.control.models import OPEN_ROWS, JobRun, Pause, Schedule
from edupulse.control.parts import (
    START_ALL,
    Service,
    database_service,
    needed_queues,
    redis_service,
    scheduler_service,
    services,
    workers_service,
)
from edupulse.control.search import RunFilter, RunPage, holder_of_key, run, runs, workflow_of
from edupulse.control.statistics import JobStatistics, Percentiles, statistics
from edupulse.control.waiting import Waiting, waits_for
from edupulse.control.worker_facts import WorkerFacts, active, work_in_hand, worker_list
from edupulse.control.workers import live_processes
from edupulse.database import db

__all__ = [
    "START_ALL",
    "Backlog",
    "FailureGroup",
    "JobStatistics",
    "Overview",
    "Percentiles",
    "QueueLoad",
    "RunFilter",
    "RunPage",
    "Service",
    "Waiting",
    "WorkerFacts",
    "active",
    "backlog",
    "database_service",
    "degraded",
    "failure_groups",
    "failures_since",
    "holder_of_key",
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
    "statistics",
    "waits_for",
    "work_in_hand",
    "worker_list",
    "workers_service",
    "workflow_of",
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
    pause: Pause | None = None  # what holds it, if anything does


@dataclass(frozen=True)
class Backlog:
    """How many runs wait for a worker, and since when the oldest of them."""

    count: int
    since: datetime | None


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
        backlog=backlog(now),
        running=sum(queue.running for queue in queues),
        finished=ended.get("finished", 0),
        failed=ended.get("failed", 0),
        asking=db.session.scalar(select(func.count()).where(OPEN_ROWS, JobRun.state == "interrupted")) or 0,
        late=late_runs(now),
        failures=failures,
        broken=_not_mended(failures),
        late_schedules=late_schedules(now),
    )


def backlog(now: datetime | None = None) -> Backlog:
    """Return what waits for a worker; what is paused waits for a person."""
    waiting = select(func.count(), func.min(JobRun.available_at)).where(OPEN_ROWS, JobRun.state == "queued")
    return Backlog(*db.session.execute(waiting.where(*_not_held(now or clock.now()))).one())


def queue_loads(now: datetime) -> list[QueueLoad]:
    """Return each queue that is used, in the order of the catalog's queues."""
    waiting = _open_by_queue("queued")
    running = _open_by_queue("started")
    listening = [queue for worker in live_processes(now) for queue in worker.queues]
    held = {pause.name: pause for pause in pauses.holding(now) if pause.scope == "queue"}
    names = {*needed_queues(), *waiting, *running, *held}
    return [
        QueueLoad(
            name=name,
            waiting=waiting.get(name, (0, None))[0],
            oldest=waiting.get(name, (0, None))[1],
            running=running.get(name, (0, None))[0],
            workers=listening.count(name),
            pause=held.get(name),
        )
        for name in sorted(
            names, key=lambda name: (QUEUES.index(name) if name in QUEUES else len(QUEUES), name)
        )
    ]


def degraded(now: datetime) -> list[Service]:
    """Return the parts that are not up: what stands still, since when, and what to do."""
    return [part for part in services(now) if not part.is_up]


def late_runs(now: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that have waited longest, where that is too long."""
    late = select(JobRun).where(OPEN_ROWS, JobRun.state == "queued", JobRun.available_at < now - LATE_AFTER)
    late = late.where(*_not_held(now)).order_by(JobRun.available_at)
    return list(db.session.scalars(late.limit(limit)))


def failures_since(since: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that failed lately, newest first."""
    failed = select(JobRun).where(JobRun.state == "failed", JobRun.created_at >= since)
    return list(db.session.scalars(failed.order_by(JobRun.created_at.desc()).limit(limit)))


def late_schedules(now: datetime) -> list[Schedule]:
    """Return the enabled schedules whose time has passed without a run."""
    late = select(Schedule).where(Schedule.enabled, Schedule.next_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(Schedule.next_at)))


def _not_held(now: datetime) -> list[ColumnElement[bool]]:
    """Return the condition that leaves out what is paused; none while nothing is, which is nearly always."""
    return [~pauses.is_held(now)] if pauses.holding(now) else []


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
