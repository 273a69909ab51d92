"""Months as bars around a line: what came in stands on it, what went back hangs from it."""

from __future__ import annotations

from datetime import UTC, datetime

from edupulse.finance.revenue import MonthSum
from edupulse.web.revenue_chart import HEIGHT, LEAST, drawing

AT = datetime(2026, 3, 12, tzinfo=UTC)


def months(*sums: int) -> list[MonthSum]:
    return [
        MonthSum(f"2026-{12 - at:02d}", {"EUR": minor} if minor else {}, AT, from_cache=False)
        for at, minor in enumerate(sums)
    ]


def test_the_best_month_reaches_the_top_and_the_oldest_stands_first() -> None:
    drawn = drawing(months(5000, 10000, 0), "EUR")

    assert [bar.month for bar in drawn.bars] == ["2026-10", "2026-11", "2026-12"]
    assert [bar.height for bar in drawn.bars] == [0, HEIGHT, HEIGHT / 2]
    assert (drawn.ground, drawn.highest, drawn.total) == (HEIGHT, 10000, 15000)


def test_a_month_in_which_more_went_back_hangs_below_the_line() -> None:
    back, came = drawing(months(3000, -3000), "EUR").bars

    assert (back.y, back.height) == (HEIGHT / 2, HEIGHT / 2)
    assert (came.y, came.height) == (0, HEIGHT / 2)


def test_a_month_with_anything_at_all_is_seen() -> None:
    assert [bar.height for bar in drawing(months(1, 10**9), "EUR").bars][1] == LEAST


def test_a_currency_that_never_came_has_no_bars() -> None:
    assert {bar.height for bar in drawing(months(1, 2), "CNY").bars} == {0}
