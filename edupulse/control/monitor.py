"""What the doors ask about jobs: what waits, runs, is late or failed, each run; and how the parts are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from edupulse.control.failures import FailureGroup, failure_groups
from edupulse.control.models import OPEN_ROWS, JobRun, Schedule
from edupulse.control.parts import (
    START_ALL,
    Service,
    database_service,
    redis_service,
    scheduler_service,
    services,
    workers_service,
)
from edupulse.control.queue_loads import Backlog, QueueLoad, backlog, not_held, queue_loads
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


def degraded(now: datetime) -> list[Service]:
    """Return the parts that are not up: what stands still, since when, and what to do."""
    return [part for part in services(now) if not part.is_up]


def late_runs(now: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that have waited longest, where that is too long."""
    late = select(JobRun).where(OPEN_ROWS, JobRun.state == "queued", JobRun.available_at < now - LATE_AFTER)
    late = late.where(*not_held(now)).order_by(JobRun.available_at)
    return list(db.session.scalars(late.limit(limit)))


def failures_since(since: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that failed lately, newest first."""
    failed = select(JobRun).where(JobRun.state == "failed", JobRun.created_at >= since)
    return list(db.session.scalars(failed.order_by(JobRun.created_at.desc()).limit(limit)))


def late_schedules(now: datetime) -> list[Schedule]:
    """Return the enabled schedules whose time has passed without a run."""
    late = select(Schedule).where(Schedule.enabled, Schedule.next_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(Schedule.next_at)))


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
