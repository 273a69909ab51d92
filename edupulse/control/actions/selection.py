"""Which runs an order is about: one, a few by id, or all that match a filter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from edupulse.control.models import JobRun
from edupulse.control.search import RunFilter
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.transaction import look_anew, transaction

Selection = RunFilter | Sequence[str]
IDS_AT_ONCE = 500  # in one statement
TRIES = 3  # an order for thousands may meet a worker that holds two of them the other way round

T = TypeVar("T")


def chosen_by(selection: Selection) -> ColumnElement[bool]:
    """Return the condition that holds for the runs of `selection`, whatever their state."""
    if isinstance(selection, RunFilter):
        return and_(True, *selection.conditions())
    return JobRun.id.in_(list(selection))


def count(*conditions: ColumnElement[bool]) -> int:
    """Return how many runs meet the conditions."""
    look_anew()
    return db.session.scalar(select(func.count()).select_from(JobRun).where(*conditions)) or 0


def held(session: Session, run_id: str) -> JobRun:
    """Return the run as it is now, kept from others until the transaction ends; raises NotFound."""
    run = session.get(JobRun, run_id, populate_existing=True, with_for_update=True)
    if run is None:
        raise NotFound(f"There is no job run {run_id[:100]!r}.", run_id=run_id)
    return run


def in_words(selection: Selection) -> dict[str, Any]:
    """Return the selection as the audit log keeps it."""
    if isinstance(selection, RunFilter):
        return {key: value for key, value in vars(selection).items() if value}
    return {"ids": list(selection)[:20]}


def slices(rows: Iterable[T]) -> Iterable[list[T]]:
    """Return `rows` in pieces of `IDS_AT_ONCE`."""
    rest = iter(rows)
    while piece := list(islice(rest, IDS_AT_ONCE)):
        yield piece


def in_one_piece(order: Callable[[Session], T]) -> T:
    """Carry out `order` in one transaction; begin again when PostgreSQL ends a deadlock at our cost."""
    is_inside_another = bool(db.session().info.get("in_transaction"))  # only its beginner can begin it again
    for _ in range(0 if is_inside_another else TRIES - 1):
        try:
            with transaction() as session:
                return order(session)
        except OperationalError as error:
            if "deadlock" not in str(error.orig):
                raise
    with transaction() as session:
        return order(session)
