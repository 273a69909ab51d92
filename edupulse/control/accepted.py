"""How many runs of all jobs were accepted in each part of a period: `statistics` says the same of one period.

Hours that were counted come from their rows, the rest from the runs themselves, each in one statement for all parts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select

from edupulse.control.hours import ALL, HOUR, hour_of
from edupulse.control.models import JobRun, JobStatistic
from edupulse.control.statistics import spans as between
from edupulse.counting import Span, counts_of, spans, within
from edupulse.database import db


@dataclass(frozen=True)
class Hour:
    """An hour that was counted: the runs of the jobs of which none is open, and how many jobs are not so far."""

    at: datetime
    accepted: int
    not_whole: int


def accepted(edges: Sequence[datetime]) -> list[int]:
    """Return how many runs were accepted from each edge until before the next; the edges are aware and sorted.

    Where single runs are not kept any more (`keeping.kept_since`), the edges have to be whole hours.
    """
    counted = _counted(edges[0], edges[-1])
    parts = [_inside(counted, begin, end) for begin, end in spans(edges)]
    uncounted = [_uncounted(inside, span) for inside, span in zip(parts, spans(edges), strict=True)]
    found = iter(counts_of(JobRun.created_at, [span for part in uncounted for span in part]))
    return [
        sum(map(_runs, inside)) + sum(next(found) for _ in part)
        for inside, part in zip(parts, uncounted, strict=True)
    ]


def _counted(begin: datetime, end: datetime) -> list[Hour]:
    """Return the hours that were counted, the earliest first."""
    ended = JobStatistic.finished + JobStatistic.failed + JobStatistic.cancelled
    rows = (
        select(
            JobStatistic.hour,
            func.sum(case((JobStatistic.is_whole, ended), else_=0)),
            func.sum(case((JobStatistic.is_whole, 0), else_=1)),
        )
        .where(*within(JobStatistic.hour, hour_of(begin), end))
        .group_by(JobStatistic.hour)
        .having(func.sum(case((JobStatistic.name == ALL, 1), else_=0)) > 0)
    )
    return [Hour(*row) for row in db.session.execute(rows.order_by(JobStatistic.hour))]


def _inside(counted: Sequence[Hour], begin: datetime, end: datetime) -> Sequence[Hour]:
    first = bisect_left(counted, begin, key=_at)
    return counted[first : bisect_right(counted, end - HOUR, lo=first, key=_at)]


def _uncounted(inside: Sequence[Hour], part: Span) -> list[Span]:
    begin, end = part
    return [(since, until or end) for since, until in between(begin, end, list(map(_at, inside)))]


def _runs(hour: Hour) -> int:
    return hour.accepted + (_of_open_jobs(hour.at) if hour.not_whole else 0)


def _of_open_jobs(hour: datetime) -> int:
    """Count the runs of the jobs that are not whole in an hour; of the others, runs may have gone already."""
    jobs = select(JobStatistic.name).where(JobStatistic.hour == hour, ~JobStatistic.is_whole)
    its = (JobRun.name.in_(jobs), *within(JobRun.created_at, hour, hour + HOUR))
    return db.session.scalar(select(func.count()).select_from(JobRun).where(*its)) or 0


def _at(hour: Hour) -> datetime:
    return hour.at
