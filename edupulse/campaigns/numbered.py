"""One page of rows sorted by their number: its cursor is the number of the row before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from edupulse.paging import LARGEST_PAGE, PAGE_SIZE, Page, no_such_page, row_number


class Numbered(Protocol):
    """A row with an id."""

    id: int


Row = TypeVar("Row", bound=Numbered)


class Place(NamedTuple):
    """Where a page begins, exclusive, and in which direction it is read."""

    id: int
    onwards: bool


# Returns the rows beyond a place, at most so many, nearest first.
Look = Callable[[Place, int], Sequence[Row]]


def page_by_number(look: Look[Row], *, cursor: str = "", size: int = PAGE_SIZE) -> Page[Row]:
    """Return the page that `cursor` names, by default the first; raises Invalid for a bad cursor."""
    place = _parsed(cursor) if cursor else Place(0, True)
    size = max(1, min(size, LARGEST_PAGE))
    found = list(look(place, size + 1))
    more, rows = len(found) > size, found[:size]
    if not rows:
        return Page([])
    if not place.onwards:
        rows.reverse()
    has_previous = place.id > 0 if place.onwards else more
    has_next = more if place.onwards else True
    return Page(
        rows,
        previous=f"before~{rows[0].id}" if has_previous else None,
        next=f"after~{rows[-1].id}" if has_next else None,
    )


def _parsed(cursor: str) -> Place:
    direction, _, number = cursor.partition("~")
    if direction not in ("after", "before") or not number.isascii() or not number.isdecimal():
        raise no_such_page()
    return Place(row_number(number), direction == "after")
