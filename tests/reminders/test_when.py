from __future__ import annotations

import pytest

from edupulse.reminders import when
from tests.reminders.scenes import utc

NINE, TEN = utc("2026-03-16 09:00"), utc("2026-03-16 10:00")


def test_a_lesson_is_told_with_day_hours_and_zone() -> None:
    assert (
        when.span(NINE, TEN, "Europe/Berlin", "en")
        == "Monday, 16 March 2026, 10:00–11:00, Berlin time (UTC+1)"
    )


def test_the_same_in_chinese() -> None:
    told = "2026年3月16日星期一 17:00–18:00（上海时间，UTC+8）"

    assert when.span(NINE, TEN, "Asia/Shanghai", "zh") == told


def test_an_event_over_midnight_names_both_days() -> None:
    told = when.span(utc("2026-03-16 22:00"), utc("2026-03-17 01:00"), "UTC", "en")

    assert told == "Monday, 16 March 2026, 22:00 – Tuesday, 17 March 2026, 01:00, UTC"


def test_a_trip_of_three_days_is_told_in_days() -> None:
    told = when.span(utc("2026-03-15 23:00"), utc("2026-03-18 23:00"), "Europe/Berlin", "en", all_day=True)

    assert told == "Monday, 16 March 2026 – Wednesday, 18 March 2026 (all day)"


def test_a_moment_has_no_end() -> None:
    assert when.span(NINE, NINE, "UTC", "en") == "Monday, 16 March 2026, 09:00, UTC"


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("Asia/Kolkata", "UTC+5:30"),
        ("America/New_York", "UTC-4"),
        ("UTC", "UTC"),
        ("Pacific/Marquesas", "UTC-9:30"),
    ],
)
def test_an_offset_is_written_short(zone: str, offset: str) -> None:
    assert when.offset(NINE, zone) == offset


def test_two_zones_with_the_same_clock_do_not_differ() -> None:
    assert not when.differs(NINE, "Europe/Berlin", "Europe/Paris")
    assert when.differs(NINE, "Europe/Berlin", "Europe/London")
