"""What a measuring eye asks each few seconds about jobs: only counts that small indexes can give at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, column, func, select, text

from edupulse.control.hours import ALL, hour_of
from edupulse.control.models import ENDED_BADLY, OPEN_ROWS, JobRun, JobStatistic
from edupulse.database import UtcDateTime, db

RECENT = timedelta(hours=1)
COUNTED = timedelta(hours=3)  # an hour is counted some minutes after its end: two of these always are

# SQLite keeps no statistics of its own and would look up each row by the other index of open runs.
_FROM = {"sqlite": text("job_run INDEXED BY ix_job_run_open_queue"), "postgresql": text("job_run")}
_QUEUE, _STATE, _SINCE = (
    column("queue", String()),
    column("state", String()),
    column("available_at", UtcDateTime()),
)


@dataclass(frozen=True)
class OpenRuns:
    """The runs of one queue in one state that are still on their way."""

    queue: str
    state: str
    count: int
    oldest: datetime  # queued: since when the first of them waits


def open_runs() -> list[OpenRuns]:
    """Return what is on its way, by queue and state."""
    counted = select(_QUEUE, _STATE, func.count(), func.min(_SINCE)).select_from(
        _FROM[db.engine.dialect.name]
    )
    by_queue = counted.where(OPEN_ROWS).group_by(_QUEUE, _STATE)
    return [OpenRuns(*row) for row in db.session.execute(by_queue)]


def recent_failures(now: datetime) -> dict[tuple[str, str], int]:
    """Return how many runs failed of those accepted in the last hour, by job and kind of error."""
    failed = select(JobRun.name, JobRun.error_class, func.count()).where(
        ENDED_BADLY, JobRun.state == "failed", JobRun.created_at >= now - RECENT
    )
    grouped = failed.group_by(JobRun.name, JobRun.error_class)
    return {(name, error or "unknown"): count for name, error, count in db.session.execute(grouped)}


def counted_lately(now: datetime) -> list[JobStatistic]:
    """Return what became of the runs that were accepted in the last three whole hours, by job and hour."""
    rows = select(JobStatistic).where(JobStatistic.hour >= hour_of(now) - COUNTED, JobStatistic.name != ALL)
    return list(db.session.scalars(rows.order_by(JobStatistic.name, JobStatistic.hour)))
