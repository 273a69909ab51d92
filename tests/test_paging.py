"""Pages of lists in memory; those of tables are in tests/control/test_monitor.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from edupulse.errors import Invalid
from edupulse.paging import Page, slice_of

START = datetime(2026, 3, 12, tzinfo=UTC)
ROWS = [(START + timedelta(hours=number // 2), number) for number in range(1, 8)]  # pairs share an instant


def page(cursor: str | None = "") -> Page[tuple[datetime, int]]:
    return slice_of(ROWS, lambda row: row, cursor=cursor or "", size=3)


def numbers(found: Page[tuple[datetime, int]]) -> list[int]:
    return [number for _, number in found.items]


def test_a_list_is_turned_over_in_both_directions() -> None:
    first = page()
    second = page(first.next)
    third = page(second.next)

    assert [numbers(found) for found in (first, second, third)] == [[1, 2, 3], [4, 5, 6], [7]]
    assert numbers(page(third.previous)) == [4, 5, 6]
    assert numbers(page(second.previous)) == [1, 2, 3]
    assert (first.previous, third.next) == (None, None)


def test_a_row_that_came_meanwhile_shifts_nothing() -> None:
    cursor = page().next
    ROWS.insert(0, (START, 0))

    try:
        assert numbers(page(cursor)) == [4, 5, 6]
    finally:
        ROWS.pop(0)


def test_a_number_that_no_row_can_have_is_behind_all_rows() -> None:
    assert numbers(page(f"before~2099-01-01T00:00:00+00:00~{'9' * 5000}")) == [5, 6, 7]


def test_an_empty_list_is_one_empty_page() -> None:
    assert slice_of([], lambda row: row) == Page([])  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        f"after~{START.isoformat()}~x",
        f"after~{START.isoformat()}~1\0",
        "after~2026-03-12T00:00:00~1",
        "after~0001-01-01T00:00:00+14:00~1",  # before time began in UTC
    ],
)
def test_a_cursor_that_leads_nowhere_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid):
        page(cursor)
