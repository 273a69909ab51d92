from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from edupulse.reminders.plan import HORIZON, EventFacts, deadline, due_at, occurrences, plan
from edupulse.reminders.recurrence import Override, Series
from edupulse.walltime import to_utc
from tests.reminders.scenes import local, utc


def facts(starts: str = "2026-03-16 10:00", *, leads: tuple[int, ...] = (15,), **changes: Any) -> EventFacts:
    begin = local(starts)
    length = timedelta(days=1) if changes.get("all_day") else timedelta(hours=1)
    series = Series(
        begin, begin + changes.pop("length", length), changes.pop("timezone", "Europe/Berlin"), **changes
    )
    return EventFacts(series, "Studio 2", leads)


def dues(found: EventFacts, now: str) -> list[datetime]:
    return [each.due_at for each in plan(found, utc(now), utc(now) + HORIZON)]


def test_each_lead_of_a_single_event_is_planned_however_far_away_it_is() -> None:
    found = dues(facts("2028-03-16 10:00", leads=(1_440, 15)), "2026-03-01 12:00")

    assert found == [utc("2028-03-15 09:00"), utc("2028-03-16 08:45")]


def test_a_lead_of_a_day_is_24_hours_also_over_a_change_of_the_clock() -> None:
    assert due_at(to_utc(local("2026-03-29 10:00"), "Europe/Berlin"), 1_440, "Europe/Berlin", False) == utc(
        "2026-03-28 08:00"
    )


def test_minutes_are_subtracted_in_utc_on_the_night_that_has_an_hour_twice() -> None:
    starts = to_utc(local("2026-10-25 03:05"), "Europe/Berlin")

    assert due_at(starts, 15, "Europe/Berlin", False) == utc("2026-10-25 01:50")


def test_a_weekly_lesson_keeps_its_hour_when_the_clock_changes() -> None:
    lesson = facts("2026-03-16 10:00", rrule="FREQ=WEEKLY")

    assert dues(lesson, "2026-03-15 12:00")[:4] == [
        utc("2026-03-16 08:45"),
        utc("2026-03-23 08:45"),
        utc("2026-03-30 07:45"),
        utc("2026-04-06 07:45"),
    ]


def test_a_series_is_planned_up_to_the_horizon() -> None:
    now = utc("2026-03-15 12:00")

    found = plan(facts(rrule="FREQ=DAILY"), now, now + HORIZON)

    assert len(found) == 35
    assert max(each.starts_at for each in found) < now + HORIZON


def test_an_excluded_date_an_added_one_and_a_moved_one_are_respected() -> None:
    lesson = facts(
        rrule="FREQ=WEEKLY;COUNT=4",
        exdates=(local("2026-03-23 10:00"),),
        rdates=(local("2026-03-25 17:00"),),
        overrides={local("2026-03-30 10:00"): Override(starts=local("2026-03-31 14:00"), location="Hall")},
    )

    found = occurrences(lesson, utc("2026-03-15 12:00"), utc("2026-04-20 12:00"))

    assert [(each.starts_at, each.place) for each in found] == [
        (utc("2026-03-16 09:00"), "Studio 2"),
        (utc("2026-03-25 16:00"), "Studio 2"),
        (utc("2026-03-31 12:00"), "Hall"),
        (utc("2026-04-06 08:00"), "Studio 2"),
    ]
    assert found[2].original == "2026-03-30T10:00:00"


def test_leads_of_an_all_day_event_count_from_nine_in_the_morning_there() -> None:
    birthday = facts("2026-03-16", leads=(1_440, 60), all_day=True, timezone="Asia/Shanghai")

    assert dues(birthday, "2026-03-01 12:00") == [utc("2026-03-15 01:00"), utc("2026-03-16 00:00")]


def test_what_is_due_already_is_planned_as_long_as_it_helps() -> None:
    event = facts()

    assert dues(event, "2026-03-16 08:55") == [utc("2026-03-16 08:45")]
    assert dues(event, "2026-03-16 09:09") == [utc("2026-03-16 08:45")]
    assert dues(event, "2026-03-16 09:10") == []


def test_an_all_day_event_may_be_reminded_of_until_its_first_day_is_over() -> None:
    trip = facts("2026-03-16", all_day=True, length=timedelta(days=3))

    assert deadline(to_utc(local("2026-03-16 00:00"), "Europe/Berlin"), "Europe/Berlin", True) == utc(
        "2026-03-16 23:00"
    )
    assert dues(trip, "2026-03-16 20:00") == [utc("2026-03-16 07:45")]
    assert dues(trip, "2026-03-17 08:00") == []


@pytest.mark.parametrize("name", ["reminds", "stands"])
def test_nothing_is_planned_for_an_event_that_is_cancelled_or_without_reminders(name: str) -> None:
    found = facts()

    silent = EventFacts(found.series, found.place, found.leads, **{name: False})

    assert plan(silent, utc("2026-03-01 12:00"), utc("2026-04-01 12:00")) == []


def test_the_past_of_a_long_series_is_not_planned() -> None:
    lesson = facts("2016-03-14 10:00", rrule="FREQ=WEEKLY")

    assert dues(lesson, "2026-03-15 12:00")[0] == utc("2026-03-16 08:45")
