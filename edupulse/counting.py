"""How many rows lie in each part of a period: an index range for each, all of them in one statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.database import db

AT_ONCE = 100  # counts in one statement: far from any limit, and the days of a month are one statement

Instant = InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
Span = tuple[datetime, datetime]  # from, until before


def within(column: Instant, begin: Any, end: Any) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for `column` from `begin` until before `end`."""
    return column >= begin, column < end


def counts(column: Instant, edges: Sequence[datetime]) -> list[int]:
    """Count the rows whose `column` lies between each edge and the next."""
    return counts_of(column, list(spans(edges)))


def counts_of(column: Instant, parts: Sequence[Span]) -> list[int]:
    """Count the rows whose `column` lies in each of the parts; a hundred parts are one statement."""
    found: list[int] = []
    for at in range(0, len(parts), AT_ONCE):
        some = parts[at : at + AT_ONCE]
        values = {f"begin{n}": begin for n, (begin, _) in enumerate(some)}
        values |= {f"end{n}": end for n, (_, end) in enumerate(some)}
        found += db.session.execute(_question(column, len(some)), values).one()
    return found


def spans(edges: Sequence[datetime]) -> Iterator[Span]:
    """Yield each part as its begin and end."""
    return pairwise(edges)


@lru_cache(maxsize=128)  # to write it takes much longer than to answer it on a small database
def _question(column: Instant, parts: int) -> Select[*tuple[int, ...]]:
    counted = (
        select(func.count(column)).where(*within(column, bindparam(f"begin{n}"), bindparam(f"end{n}")))
        for n in range(parts)
    )
    return select(*(each.scalar_subquery() for each in counted))
