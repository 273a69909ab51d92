"""Periods are those of the organisation's clock, and nothing lies between two of them, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.reports.models import KINDS
from edupulse.reports.periods import after, around, before, last_over, part_words, parts, period_at, title

BERLIN = "Europe/Berlin"
ZONES = (
    BERLIN,
    "Asia/Shanghai",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
    "America/St_Johns",
)


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "starts", "ends"),
    [
        ("hourly", utc(2026, 3, 12, 8), utc(2026, 3, 12, 9)),
        ("daily", utc(2026, 3, 10, 23), utc(2026, 3, 11, 23)),
        ("weekly", utc(2026, 3, 1, 23), utc(2026, 3, 8, 23)),
        ("monthly", utc(2026, 1, 31, 23), utc(2026, 2, 28, 23)),
    ],
)
def test_the_last_period_is_the_one_that_is_over(kind: str, starts: datetime, ends: datetime) -> None:
    found = last_over(kind, utc(2026, 3, 12, 9), BERLIN)

    assert (found.starts_at, found.ends_at, found.timezone) == (starts, ends, BERLIN)


def test_a_period_is_over_the_moment_it_ends() -> None:
    assert last_over("daily", utc(2026, 3, 12, 23), BERLIN).ends_at == utc(2026, 3, 12, 23)
    assert last_over("daily", utc(2026, 3, 12, 22, 59), BERLIN).ends_at == utc(2026, 3, 11, 23)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_a_day_has_as_many_parts_as_its_clock_shows_hours(day: str, hours: int) -> None:
    period = period_at("daily", day, BERLIN)

    assert len(parts(period)) == hours + 1
    assert period.ends_at - period.starts_at == timedelta(hours=hours)


def test_the_hour_that_autumn_repeats_is_two_hours() -> None:
    first = period_at("hourly", "2026-10-25T02:00", BERLIN)
    second = period_at("hourly", "2026-10-25T02:00+01:00", BERLIN)

    assert (first.starts_at, second.starts_at) == (utc(2026, 10, 25, 0), utc(2026, 10, 25, 1))
    assert after(first) == second
    assert title(first, "en") != title(second, "en")


def test_the_hour_that_spring_skips_is_refused_in_words() -> None:
    with pytest.raises(Invalid) as refused:
        period_at("hourly", "2026-03-29T02:00", BERLIN)

    assert (refused.value.facts["field"], refused.value.cure) == (
        "start",
        "The clock skips this hour: choose the next one.",
    )


@pytest.mark.parametrize("start", ["2026-03-12", "2026-03-09", "2026-03-15"])
def test_a_week_is_named_by_any_of_its_days_and_begins_on_monday(start: str) -> None:
    assert period_at("weekly", start, "UTC").starts_at == utc(2026, 3, 9)


def test_a_month_is_named_by_itself_or_by_any_of_its_days() -> None:
    assert period_at("monthly", "2026-03", "UTC") == period_at("monthly", "2026-03-31", "UTC")


@pytest.mark.parametrize("kind", KINDS)
def test_the_instant_at_which_a_period_begins_names_it(kind: str) -> None:
    period = last_over(kind, utc(2026, 3, 12, 9), BERLIN)

    assert period_at(kind, period.starts_at.isoformat(), BERLIN) == period


@pytest.mark.parametrize(
    ("kind", "start"),
    [
        ("daily", "soon"),
        ("monthly", "2026-13"),
        ("hourly", "2026-03-12"),
        ("hourly", "nine"),
        ("hourly", "0001-01-01T00:00+14:00"),
        ("weekly", "12"),
    ],
)
def test_what_names_no_period_is_refused_with_its_field(kind: str, start: str) -> None:
    with pytest.raises(Invalid) as refused:
        period_at(kind, start, "UTC")

    assert refused.value.facts["field"] == "start"


def test_reports_of_another_kind_are_refused() -> None:
    with pytest.raises(Invalid, match="yearly"):
        last_over("yearly", utc(2026, 3, 12), "UTC")


@pytest.mark.parametrize(
    ("kind", "start", "english", "chinese"),
    [
        (
            "hourly",
            "2026-03-12T09",
            "Thursday, 12 March 2026, 09:00–10:00 (UTC+1)",
            "2026年3月12日星期四 09:00–10:00（UTC+1）",
        ),
        ("daily", "2026-03-12", "Thursday, 12 March 2026", "2026年3月12日星期四"),
        ("monthly", "2026-03", "March 2026", "2026年3月"),
    ],
)
def test_a_period_has_a_title_in_both_languages(kind: str, start: str, english: str, chinese: str) -> None:
    period = period_at(kind, start, BERLIN)

    assert (title(period, "en"), title(period, "zh")) == (english, chinese)


def test_the_title_of_a_week_names_its_first_and_last_day() -> None:
    words = title(period_at("weekly", "2026-03-12", BERLIN), "en")

    assert words.startswith("9")
    assert "15" in words


def test_a_part_is_an_hour_of_a_day_and_a_day_of_a_week() -> None:
    day, week = period_at("daily", "2026-03-12", BERLIN), period_at("weekly", "2026-03-12", BERLIN)

    assert part_words(parts(day)[9], day, "en") == "09:00"
    assert (part_words(week.starts_at, week, "en"), part_words(week.starts_at, week, "zh")) == (
        "9 Mar",
        "3月9日",
    )


@settings(max_examples=120, deadline=None)
@given(
    at=st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    kind=st.sampled_from(KINDS),
)
def test_periods_and_their_parts_touch_and_never_overlap(at: datetime, zone: str, kind: str) -> None:
    period = around(kind, at, zone)
    edges = parts(period)

    assert period.starts_at <= at < period.ends_at
    assert before(period).ends_at == period.starts_at
    assert after(period).starts_at == period.ends_at
    assert (edges[0], edges[-1]) == (period.starts_at, period.ends_at)
    assert edges == sorted(set(edges))
