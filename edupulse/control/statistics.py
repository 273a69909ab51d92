"""What became of the runs of each job in a period: how many, how long they waited and took, how retries went.

Whole hours come from their rows, the rest is counted when somebody asks: what is told is exact at any moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select

from edupulse.clock import now
from edupulse.control.catalog import current_catalog
from edupulse.control.hours import ALL, HOUR, hour_of
from edupulse.control.keeping import kept_since
from edupulse.control.models import OPEN_ROWS, JobRun, JobStatistic
from edupulse.control.tally import Tally, count_ended, count_open
from edupulse.control.time_classes import Percentiles, percentiles
from edupulse.database import db

__all__ = ["JobStatistics", "Percentiles", "statistics"]

FAR = timedelta(days=1)  # no clock of ours is further ahead
TOGETHER = 100  # hours that were not whole, counted by one question

Span = tuple[datetime, datetime | None]  # from, until before; None: all that comes


@dataclass(frozen=True)
class JobStatistics:
    """The runs of one job that were accepted in a period; `wait` and `run` are of those that finished or failed."""

    name: str
    queue: str
    accepted: int
    finished: int
    failed: int
    cancelled: int
    open: int
    retried: int  # took more than one attempt, of those that are over
    retried_finished: int  # and finished in the end
    wait: Percentiles | None  # from being due to the beginning of the last attempt
    run: Percentiles | None  # length of the last attempt

    @property
    def failure_rate(self) -> float | None:
        """The share that has failed of all that finished or failed; None while there is none."""
        ended = self.finished + self.failed
        return self.failed / ended if ended else None

    @property
    def retry_success(self) -> float | None:
        """The share that finished in the end of all that needed more than one attempt; None while there is none."""
        return self.retried_finished / self.retried if self.retried else None


def statistics(since: datetime, until: datetime | None = None, name: str = "") -> list[JobStatistics]:
    """Return the figures of each job of which runs were accepted from `since` until before `until`, by name.

    Where single runs are not kept any more, the period begins with a whole hour.
    """
    since = since if since >= kept_since(now()) else hour_of(since)
    found: dict[str, Tally] = {}
    for part in _parts(since, until, name):
        for job, tally in part.items():
            found.setdefault(job, Tally()).add(tally)
    open_runs = _open(since, until, name)
    jobs = sorted({*found, *open_runs})
    return [_figures(job, found.get(job, Tally()), open_runs.get(job, 0)) for job in jobs]


def _parts(since: datetime, until: datetime | None, name: str) -> Iterable[dict[str, Tally]]:
    first = hour_of(since) if hour_of(since) == since else hour_of(since) + HOUR
    last = hour_of(until or now())
    its = [JobRun.name == name] if name else []
    for begin, end in spans(since, until, _counted(first, last)):
        yield count_ended(*its, *_between(begin, end))
    yield _whole(first, last, name)
    yield from _not_whole(first, last, name)


def spans(since: datetime, until: datetime | None, counted: Sequence[datetime]) -> list[Span]:
    """Return what lies between the hours that were counted (sorted), and before and after them."""
    begins, ends = [since, *(hour + HOUR for hour in counted)], [*counted, until]
    pairs = zip(begins, ends, strict=True)
    return [(begin, end) for begin, end in pairs if end is None or begin < end]


def _counted(first: datetime, last: datetime) -> list[datetime]:
    rows = select(JobStatistic.hour).where(JobStatistic.name == ALL, *_in_hours(first, last))
    return list(db.session.scalars(rows.order_by(JobStatistic.hour)))


def _whole(first: datetime, last: datetime, name: str) -> dict[str, Tally]:
    sums = (JobStatistic.finished, JobStatistic.failed, JobStatistic.cancelled, JobStatistic.retried)
    listed = [
        func.aggregate_strings(cast(column, String), ",")
        for column in (JobStatistic.waits, JobStatistic.lengths)
    ]
    rows = (
        select(JobStatistic.name, *map(func.sum, (*sums, JobStatistic.retried_finished)), *listed)
        .where(JobStatistic.is_whole, *_of(name), *_in_hours(first, last))
        .group_by(JobStatistic.name)
    )
    return {row[0]: _tally(tuple(row)) for row in db.session.execute(rows)}


def _tally(row: Sequence[Any]) -> Tally:
    finished, failed, cancelled, retried, retried_finished, waits, lengths = row[1:]
    return Tally(finished, failed, cancelled, retried, retried_finished, _sum(waits), _sum(lengths))


def _sum(listed: str) -> Counter[int]:
    """Add up counts by class that come as JSON objects, `{"12": 5, "13": 2},{"12": 5}`.

    Tens of thousands of hours have few different pairs: they are counted as text, and read once.
    """
    found: Counter[int] = Counter()
    for pair, times in Counter(listed.replace("},{", ", ").strip("{}").split(", ")).items():
        if pair:  # of an hour without any
            number, count = pair.split(": ")
            found[int(number.strip('"'))] += int(count) * times
    return found


def _not_whole(first: datetime, last: datetime, name: str) -> Iterable[dict[str, Tally]]:
    counted = select(JobStatistic.hour).where(JobStatistic.name == ALL, *_in_hours(first, last))
    rows = select(JobStatistic.name, JobStatistic.hour).where(
        ~JobStatistic.is_whole, *_of(name), *_in_hours(first, last), JobStatistic.hour.in_(counted)
    )
    pairs = list(db.session.execute(rows))
    for at in range(0, len(pairs), TOGETHER):
        some = (
            and_(JobRun.name == job, *_between(hour, hour + HOUR)) for job, hour in pairs[at : at + TOGETHER]
        )
        yield count_ended(or_(*some))


def _of(name: str) -> list[Any]:
    return [JobStatistic.name == name] if name else [JobStatistic.name != ALL]


def _in_hours(first: datetime, last: datetime) -> list[Any]:
    return [JobStatistic.hour >= first, JobStatistic.hour < last]


def _between(begin: datetime, end: datetime | None) -> list[Any]:
    # With an open end SQLite would read all runs by name.
    return [JobRun.created_at >= begin, JobRun.created_at < (end or now() + FAR)]


def _open(since: datetime, until: datetime | None, name: str) -> dict[str, int]:
    # In this form it tempts no database to walk through all runs since then.
    accepted = func.coalesce(JobRun.created_at, JobRun.created_at)
    period = [accepted >= since, *([] if until is None else [accepted < until])]
    return count_open(OPEN_ROWS, *period, *([JobRun.name == name] if name else []))


def _figures(job: str, tally: Tally, open_runs: int) -> JobStatistics:
    return JobStatistics(
        name=job,
        queue=_queue_of(job),
        accepted=tally.finished + tally.failed + tally.cancelled + open_runs,
        finished=tally.finished,
        failed=tally.failed,
        cancelled=tally.cancelled,
        open=open_runs,
        retried=tally.retried,
        retried_finished=tally.retried_finished,
        wait=percentiles(tally.waits),
        run=percentiles(tally.lengths),
    )


def _queue_of(job: str) -> str:
    spec = current_catalog().specs.get(job)
    if spec is not None:
        return spec.queue
    latest = select(JobRun.queue).where(JobRun.name == job).order_by(JobRun.created_at.desc()).limit(1)
    return db.session.scalar(latest) or ""
