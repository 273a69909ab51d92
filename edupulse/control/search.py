"""Runs as people look for them, newest first and page by page, or one by its number.

What an index knows is found at once in a history of any length. For the rest (a text, a rare combination) the runs on
the best index are looked through in slices; after a moment the page says how far it has looked, and the next goes on
there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_

from edupulse.control.models import OPEN_ROWS, JobRun, WorkflowStep
from edupulse.control.run_filter import RunFilter
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import LARGEST_PAGE, PAGE_SIZE, Page, Position

__all__ = ["Effort", "RunFilter", "RunPage", "holder_of_key", "run", "runs", "workflow_of"]

_LOWEST = "!"  # sorts before every id
_TICK = timedelta(microseconds=1)  # of stored instants


@dataclass(frozen=True)
class Effort:
    """How much is looked through for one page, as far as it is not full."""

    seconds: float = 0.18
    first_slice: int = 1_000  # runs
    largest_slice: int = 4_000  # runs, some 15 ms on a small machine


@dataclass(frozen=True)
class RunPage(Page[JobRun]):
    """A page of runs. `looked_to`: the runs beyond this instant were not looked at yet; None: all were."""

    looked_to: datetime | None = None


DEFAULT = Effort()


def runs(filters: RunFilter, cursor: str = "", size: int = PAGE_SIZE, *, effort: Effort = DEFAULT) -> RunPage:
    """Return a page of runs, newest first; raises Invalid for a bad cursor.

    A page may have few runs or none and yet a cursor: so far it was looked through, and there it goes on.
    """
    start = Position.parse(cursor) if cursor else None
    onwards = start is None or start.onwards
    size = max(1, min(size, LARGEST_PAGE))
    rows, stop = _look(filters, start, size + 1, effort)
    is_full, rows = len(rows) > size, rows[:size]
    ahead = _at(rows[-1], onwards) if is_full else stop
    behind = _behind(rows, start) if start else None
    if not onwards:
        rows, ahead, behind = rows[::-1], behind, ahead
    return RunPage(rows, _text(behind), _text(ahead), looked_to=stop.instant if stop else None)


def run(run_id: str) -> JobRun:
    """Return one run; raises NotFound."""
    found = db.session.get(JobRun, run_id)
    if found is None:
        raise NotFound(f"There is no job run {run_id[:100]!r}.", run_id=run_id)
    return found


def holder_of_key(run: JobRun) -> str | None:
    """Return the id of another open run that has the unique key of `run`."""
    if run.unique_key is None:
        return None
    others = select(JobRun.id).where(OPEN_ROWS, JobRun.unique_key == run.unique_key, JobRun.id != run.id)
    return db.session.scalar(others)


def workflow_of(run: JobRun) -> int | None:
    """Return the number of the workflow that `run` belongs to."""
    if run.workflow_step_id is None:
        return None
    return db.session.scalar(select(WorkflowStep.workflow_id).where(WorkflowStep.id == run.workflow_step_id))


def _look(
    filters: RunFilter, start: Position | None, wanted: int, effort: Effort
) -> tuple[list[JobRun], Position | None]:
    """Return up to `wanted` runs from `start` on, and where to go on when not everything was looked through."""
    if filters.is_about_open_runs:  # few, and their index is not sorted by time
        return list(db.session.scalars(_all_open(filters, start).limit(wanted))), None
    onwards = start is None or start.onwards
    matching = select(JobRun).where(*filters.path(), *filters.rest()).order_by(*_order(onwards))
    found: list[JobRun] = []
    deadline, length, edge = time.monotonic() + effort.seconds, effort.first_slice, start
    while True:
        end = _end_of_slice(filters, edge, onwards, length)
        slice_ = matching.where(*_beyond(edge), *_until(end, onwards))
        found += db.session.scalars(slice_.limit(wanted - len(found)))
        if end is None or len(found) >= wanted:
            return found, None
        edge = Position(onwards, end if onwards else end + _TICK, _LOWEST)
        if time.monotonic() >= deadline:
            return found, edge
        length = min(4 * length, effort.largest_slice)


def _all_open(filters: RunFilter, start: Position | None) -> Select[Any]:
    onwards = start is None or start.onwards
    # An expression, so that no database walks through the whole history because it is in the right order.
    instant = func.coalesce(JobRun.created_at, JobRun.created_at)
    order = (instant.desc(), JobRun.id.desc()) if onwards else (instant, JobRun.id)
    return select(JobRun).where(*filters.path(), *filters.rest(), *_beyond(start)).order_by(*order)


def _end_of_slice(filters: RunFilter, edge: Position | None, onwards: bool, length: int) -> datetime | None:
    """Return the instant of the run that is `length` further on the path; None when there are not so many."""
    instant = JobRun.created_at.desc() if onwards else JobRun.created_at
    further = select(JobRun.created_at).where(*filters.path(), *_beyond(edge)).order_by(instant)
    return db.session.scalar(further.offset(length).limit(1))


def _order(onwards: bool) -> Any:
    keys = (JobRun.created_at, JobRun.id)
    return [key.desc() if onwards else key.asc() for key in keys]


def _beyond(edge: Position | None) -> list[ColumnElement[bool]]:
    if edge is None:
        return []
    keys, at = tuple_(JobRun.created_at, JobRun.id), tuple_(edge.instant, edge.unique)
    return [keys < at if edge.onwards else keys > at]


def _until(end: datetime | None, onwards: bool) -> list[ColumnElement[bool]]:
    if end is None:
        return []
    return [JobRun.created_at >= end if onwards else JobRun.created_at <= end]


def _behind(rows: Sequence[JobRun], start: Position) -> Position:
    """Return the way back: from the first of `rows`, or where there is none, from where they would begin."""
    if rows:
        return _at(rows[0], not start.onwards)
    return Position(not start.onwards, start.instant if start.onwards else start.instant + _TICK, _LOWEST)


def _at(row: JobRun, onwards: bool) -> Position:
    return Position(onwards, row.created_at, row.id)


def _text(position: Position | None) -> str | None:
    return position.text() if position else None
