"""How many rows lie in each part of a period: one question of an index for each part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.database import db

Instant = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]


def within(column: Instant, begin: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for `column` from `begin` until before `end`."""
    return column >= begin, column < end


def count(column: Instant, begin: datetime, end: datetime, *conditions: Any) -> int:
    """Count the rows whose `column` lies from `begin` until before `end`."""
    counted = select(func.count(column)).where(*within(column, begin, end), *conditions)
    return db.session.scalar(counted) or 0


def counts(column: Instant, edges: Sequence[datetime], *conditions: Any) -> list[int]:
    """Count the same between each edge and the next."""
    return [count(column, begin, end, *conditions) for begin, end in spans(edges)]


def spans(edges: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield each part as its begin and end."""
    return pairwise(edges)
