"""Runs are counted here, straight from the ledger: what became of them, how long they waited and took."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Float, Integer, String, case, cast, func, or_, select

from edupulse.control.models import FINAL_STATES, JobRun
from edupulse.control.time_classes import classes
from edupulse.database import db

# The times of a run that a person left as failed are not those of its last attempt.
_IS_TIMED = or_(JobRun.started_at >= JobRun.available_at, JobRun.state == "finished")


@dataclass
class Tally:
    """Counts of runs of one job."""

    finished: int = 0
    failed: int = 0
    cancelled: int = 0
    retried: int = 0
    retried_finished: int = 0
    waits: Counter[int] = field(default_factory=Counter)  # by class of time, of what finished or failed
    lengths: Counter[int] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count what `other` has counted too."""
        self.finished += other.finished
        self.failed += other.failed
        self.cancelled += other.cancelled
        self.retried += other.retried
        self.retried_finished += other.retried_finished
        self.waits.update(other.waits)
        self.lengths.update(other.lengths)


def count_ended(*conditions: Any) -> dict[str, Tally]:
    """Count the runs that meet the conditions and are over, by the name of their job."""
    retried = func.sum(case((JobRun.attempts > 1, 1), else_=0))
    waits = _listed(JobRun.started_at, JobRun.available_at)
    lengths = _listed(JobRun.ended_at, JobRun.started_at)
    counted = (
        select(JobRun.name, JobRun.state, func.count(), retried, waits, lengths)
        .where(JobRun.state.in_(FINAL_STATES), *conditions)
        .group_by(JobRun.name, JobRun.state)
    )
    found: dict[str, Tally] = {}
    for name, *counts in db.session.execute(counted):
        found.setdefault(name, Tally()).add(_of_state(*counts))
    return found


def count_open(*conditions: Any) -> dict[str, int]:
    """Count the runs that meet the conditions and are not over, by the name of their job."""
    counted = select(JobRun.name, func.count()).where(*conditions).group_by(JobRun.name)
    return {row[0]: row[1] for row in db.session.execute(counted)}


def _of_state(state: str, count: int, retried: int, waits: str | None, lengths: str | None) -> Tally:
    if state == "cancelled":
        return Tally(cancelled=count, retried=retried)
    if state == "failed":
        return Tally(failed=count, retried=retried, waits=_classes(waits), lengths=_classes(lengths))
    return Tally(
        finished=count,
        retried=retried,
        retried_finished=retried,
        waits=_classes(waits),
        lengths=_classes(lengths),
    )


def _classes(listed: str | None) -> Counter[int]:
    return classes(Counter(listed.split(","))) if listed else Counter()


def _listed(end: Any, begin: Any) -> Any:
    """Return all lengths from `begin` to `end` in one text: counting them in the database would sort all runs."""
    return func.aggregate_strings(case((_IS_TIMED, cast(_milliseconds(end, begin), String))), ",")


def _milliseconds(end: Any, begin: Any) -> Any:
    if db.engine.dialect.name == "sqlite":
        days = func.julianday(end, type_=Float) - func.julianday(begin, type_=Float)
        return cast(func.round(days * 86_400_000), Integer)
    return cast(func.round(func.extract("epoch", end - begin) * 1000), Integer)
