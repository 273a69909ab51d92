"""One page of a long list, by position and not by number, so that nothing shifts while rows arrive."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.database import db
from edupulse.errors import Invalid

PAGE_SIZE = 50  # rows: two screens, and one quick query
LARGEST_PAGE = 500
LARGEST_NUMBER = 2**31 - 1  # that a row can have in PostgreSQL, which refuses to compare it with a larger one

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list and the cursors that lead to the rows before and after them."""

    items: list[Row]
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by an instant, then by a unique column, so that no row is shown twice."""

    instant: InstrumentedAttribute[datetime]
    unique: InstrumentedAttribute[Any]
    newest_first: bool = True


@dataclass(frozen=True)
class Position:
    """The row at which a page begins, exclusive, and the direction of reading."""

    onwards: bool
    instant: datetime
    unique: str

    @classmethod
    def parse(cls, cursor: str) -> Position:
        """Read a cursor that `text` wrote; raises Invalid for anything else."""
        direction, _, rest = cursor.partition("~")
        instant, _, unique = rest.partition("~")
        at = _instant(instant)
        if direction not in ("after", "before") or at is None or not unique or "\0" in unique:
            raise no_such_page()
        return cls(direction == "after", at, unique)

    def text(self) -> str:
        direction = "after" if self.onwards else "before"
        return f"{direction}~{self.instant.isoformat()}~{self.unique}"


def page_of(query: Select[Row], order: Order, *, cursor: str = "", size: int = PAGE_SIZE) -> Page[Row]:
    """Return the page of `query` that `cursor` names, else the first; raises Invalid for a bad cursor."""
    position = Position.parse(cursor) if cursor else None
    size = max(1, min(size, LARGEST_PAGE))
    rows = list(db.session.scalars(_sliced(query, order, position).limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if position is not None and not position.onwards:
        rows.reverse()
        return _framed(rows, order, has_previous=more, has_next=True)
    return _framed(rows, order, has_previous=position is not None, has_next=more)


def _sliced(query: Select[Row], order: Order, position: Position | None) -> Select[Row]:
    descending = order.newest_first == (position is None or position.onwards)
    keys = (order.instant, order.unique)
    query = query.order_by(*(key.desc() if descending else key.asc() for key in keys))
    if position is None:
        return query
    edge = tuple_(position.instant, _typed(order.unique, position.unique))
    return query.where(tuple_(*keys) < edge if descending else tuple_(*keys) > edge)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else None
    except (ValueError, OverflowError):  # the second: no such time in UTC, e.g. in the year 1 east of it
        return None


def _typed(column: InstrumentedAttribute[Any], text: str) -> Any:
    return _whole(text) if column.type.python_type is int else text


def _framed(rows: list[Row], order: Order, *, has_previous: bool, has_next: bool) -> Page[Row]:
    if not rows:
        return Page(rows)
    first, last = rows[0], rows[-1]
    return Page(
        rows,
        previous=_cursor(first, order, onwards=False) if has_previous else None,
        next=_cursor(last, order, onwards=True) if has_next else None,
    )


def _cursor(row: object, order: Order, *, onwards: bool) -> str:
    return Position(onwards, getattr(row, order.instant.key), str(getattr(row, order.unique.key))).text()


def slice_of(
    rows: Sequence[Row],
    key: Callable[[Row], tuple[datetime, int]],
    *,
    cursor: str = "",
    size: int = PAGE_SIZE,
) -> Page[Row]:
    """Return the page of rows in memory, sorted upwards by `key`; raises Invalid for a bad cursor."""
    keys = [key(row) for row in rows]
    begin = 0
    if cursor:
        position = Position.parse(cursor)
        edge = (position.instant, _whole(position.unique))
        begin = bisect_right(keys, edge) if position.onwards else max(0, bisect_left(keys, edge) - size)
    end = min(begin + size, len(rows))
    return Page(
        list(rows[begin:end]),
        previous=_text(keys[begin], onwards=False) if 0 < begin < len(keys) else None,
        next=_text(keys[end - 1], onwards=True) if end < len(keys) else None,
    )


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise no_such_page()
    return row_number(text)


def row_number(text: str) -> int:
    """Return the number that decimal digits write; what no row can have becomes the largest that one could."""
    return LARGEST_NUMBER if len(text) > len(str(LARGEST_NUMBER)) else min(int(text), LARGEST_NUMBER)


def _text(key: tuple[datetime, int], *, onwards: bool) -> str:
    return Position(onwards, key[0], str(key[1])).text()


def no_such_page() -> Invalid:
    """Return the refusal of a cursor that leads nowhere."""
    return Invalid("This page of the list does not exist.", cure="Start again from the first page.")
