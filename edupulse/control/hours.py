"""Whole hours are counted once: the runs of each job that were accepted in an hour, as soon as none of them is open.

An hour that was counted has a row for each job that had runs, and one without a name, which only says so. A row that is
not whole (a run was open, or is tried again by hand) is counted anew until it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.control.models import FINAL_STATES, JobRun, JobStatistic
from edupulse.control.tally import Tally, count_ended, count_open
from edupulse.database import db
from edupulse.transaction import look_anew, transaction

HOUR = timedelta(hours=1)
SETTLED_AFTER = timedelta(minutes=10)  # longer than any transaction that accepts runs
TOGETHER = 120  # hours written in one transaction, some 1,000 rows
RECOUNTED_MOST = 300  # rows in one go that were not whole, the newest first
ALL = ""  # the name of the row which says that all jobs of the hour were counted

_rows = JobStatistic.__table__


def hour_of(at: datetime) -> datetime:
    """Return the beginning of the hour (UTC) in which `at` lies."""
    # Not every zone is whole hours away from UTC.
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hours(begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the hours from `begin` until before `end`, which are both whole."""
    while begin < end:
        yield begin
        begin += HOUR


def count_hours(now: datetime) -> dict[str, int]:
    """Count the hours that nobody has counted, and again those that were not whole; return how many."""
    look_anew()
    new, again = _uncounted(now), _not_whole()
    for at in range(0, len(new), TOGETHER):
        _count_hours(new[at : at + TOGETHER])
    for name, hour in again:
        _count_again(name, hour)
    return {"hours": len(new), "again": len(again)}


def reopen(session: Session, runs: Iterable[tuple[str, datetime]]) -> None:
    """Note that runs, told by name and time of acceptance, go on: their hours are not whole any more."""
    for name, hour in sorted({(name, hour_of(at)) for name, at in runs}):  # in one order, for the locks
        noted = _insert().values(name=name, hour=hour, is_whole=False, reopened=1, **vars(Tally()))
        changes = {"is_whole": False, "reopened": _rows.c.reopened + 1}
        session.execute(noted.on_conflict_do_update(index_elements=["name", "hour"], set_=changes))


def _uncounted(now: datetime) -> list[datetime]:
    oldest = db.session.scalar(select(func.min(JobRun.created_at)))
    if oldest is None:
        return []
    begin, end = hour_of(oldest), hour_of(now - SETTLED_AFTER)
    known = set(
        db.session.scalars(
            select(JobStatistic.hour).where(JobStatistic.name == ALL, JobStatistic.hour >= begin)
        )
    )
    return [hour for hour in hours(begin, end) if hour not in known]


def _not_whole() -> list[tuple[str, datetime]]:
    counted = select(JobStatistic.hour).where(JobStatistic.name == ALL)
    # A row of an hour that is not over only notes that a run was tried again.
    rows = select(JobStatistic.name, JobStatistic.hour).where(
        ~JobStatistic.is_whole, JobStatistic.hour.in_(counted)
    )
    found = db.session.execute(rows.order_by(JobStatistic.hour.desc()).limit(RECOUNTED_MOST))
    return [(name, hour) for name, hour in found]


def _count_hours(some: Sequence[datetime]) -> None:
    """Count these hours, which are sorted, and write them in one go."""
    look_anew()
    busy = [hour for hour in _with_runs(some[0], some[-1]) if hour in some]
    marks = [_row(ALL, hour, Tally(), is_whole=True) for hour in some]
    _write([*marks, *(row for hour in busy for row in _counted(hour))])


def _with_runs(first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the hours in which any run was accepted: nobody needs to look at the others one by one."""
    while True:
        next_run = select(JobRun.created_at).where(
            JobRun.created_at >= first, JobRun.created_at < last + HOUR
        )
        at = db.session.scalar(next_run.order_by(JobRun.created_at).limit(1))
        if at is None:
            return
        yield hour_of(at)
        first = hour_of(at) + HOUR


def _counted(hour: datetime) -> list[dict[str, Any]]:
    """Return the row of each job that had runs in the hour."""
    before, period = _reopened(hour), _within(hour)
    found, open_runs = count_ended(*period), count_open(*period, JobRun.state.not_in(FINAL_STATES))
    names = sorted({*found, *open_runs})
    return [
        _row(name, hour, found.get(name, Tally()), is_whole=name not in open_runs, known=before.get(name, 0))
        for name in names
    ]


def _count_again(name: str, hour: datetime) -> None:
    look_anew()
    before, its = _reopened(hour).get(name, 0), (JobRun.name == name, *_within(hour))
    if count_open(*its, JobRun.state.not_in(FINAL_STATES)):
        return
    _write([_row(name, hour, count_ended(*its).get(name, Tally()), is_whole=True, known=before)])


def _within(hour: datetime) -> list[ColumnElement[bool]]:
    return [JobRun.created_at >= hour, JobRun.created_at < hour + HOUR]


def _reopened(hour: datetime) -> dict[str, int]:
    """Return how often runs of that hour were tried again by hand, by the name of the job."""
    rows = select(JobStatistic.name, JobStatistic.reopened).where(JobStatistic.hour == hour)
    return {row.name: row.reopened for row in db.session.execute(rows)}


def _row(name: str, hour: datetime, tally: Tally, *, is_whole: bool, known: int = 0) -> dict[str, Any]:
    """Return what is written of an hour; `known`: so often were its runs tried again by hand when it was counted."""
    return {"name": name, "hour": hour, **vars(tally), "is_whole": is_whole, "reopened": 0, "known": known}


def _write(rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows, apart from those of which a run was tried again since: their time comes again."""
    columns = [name for name in rows[0] if name not in ("name", "hour", "reopened", "known")]
    written = _insert()
    changes = {name: written.excluded[name] for name in columns}
    known = _rows.c.reopened == bindparam("known", type_=Integer)
    written = written.on_conflict_do_update(index_elements=["name", "hour"], set_=changes, where=known)
    with transaction() as session:
        session.connection().execute(written, rows)


def _insert() -> Any:
    return (sqlite_insert if db.engine.dialect.name == "sqlite" else postgresql_insert)(_rows)  # type: ignore[arg-type]
