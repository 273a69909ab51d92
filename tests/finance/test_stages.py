"""What is to do about a due date and when: pure decisions, clock changes included."""

from __future__ import annotations

from datetime import date, timedelta

from edupulse.finance.reasons import ENTERED_LATER, OUTDATED, OVERTAKEN
from edupulse.finance.stages import Calendar, Step, agenda, next_instant, steps
from tests.finance.scenes import utc

BERLIN = Calendar((7, 1, 0, -3), 9, "Europe/Berlin")
DUE = date(2026, 3, 30)  # the day after the clocks go forward
EARLY = utc("2026-01-01 00:00")


def test_each_stage_is_at_the_hour_of_the_organisation_on_both_sides_of_a_clock_change() -> None:
    found = agenda(DUE, BERLIN)

    assert found.stages == (
        (utc("2026-03-23 08:00"), 7),
        (utc("2026-03-29 07:00"), 1),
        (utc("2026-03-30 07:00"), 0),
        (utc("2026-04-02 07:00"), -3),
    )
    assert found.overdue_at == utc("2026-03-30 22:00")


def test_an_hour_that_the_clock_skips_is_the_one_after_it() -> None:
    found = agenda(date(2026, 3, 29), Calendar((0,), 2, "Europe/Berlin"))

    assert found.stages == ((utc("2026-03-29 01:00"), 0),)


def test_the_next_instant_walks_through_stages_and_midnight_to_the_end() -> None:
    found, at, seen = agenda(DUE, BERLIN), EARLY, []
    while (following := next_instant(found, at)) is not None:
        seen.append(following)
        at = following

    assert seen == sorted([each for each, _ in found.stages] + [found.overdue_at])


def test_of_several_that_have_passed_only_the_latest_is_planned() -> None:
    found = steps(agenda(DUE, BERLIN), (), EARLY, utc("2026-03-30 12:00"))

    assert found == [Step(7, OVERTAKEN), Step(1, OVERTAKEN), Step(0)]


def test_a_stage_that_was_dealt_with_does_not_come_again() -> None:
    assert steps(agenda(DUE, BERLIN), {7, 1, 0}, EARLY, utc("2026-03-30 12:00")) == []


def test_a_stage_that_was_added_later_does_not_come_after_the_one_behind_it() -> None:
    assert steps(agenda(DUE, BERLIN), {7, 0}, EARLY, utc("2026-03-30 12:00")) == [Step(1, OVERTAKEN)]


def test_a_stage_before_the_due_date_that_lay_before_the_entry_is_left_out() -> None:
    entered = utc("2026-03-25 10:00")

    assert steps(agenda(DUE, BERLIN), (), entered, entered) == [Step(7, ENTERED_LATER)]


def test_a_bill_entered_when_it_is_overdue_is_reminded_of_once() -> None:
    entered = utc("2026-04-20 10:00")

    assert [step for step in steps(agenda(DUE, BERLIN), (), entered, entered) if not step.reason] == [
        Step(-3)
    ]


def test_a_reminder_before_the_due_date_does_not_leave_after_it() -> None:
    only_before = Calendar((7, 1), 9, "Europe/Berlin")

    found = steps(agenda(DUE, only_before), (7,), EARLY, agenda(DUE, only_before).overdue_at)

    assert found == [Step(1, OUTDATED)]


def test_no_stage_is_lost_or_doubled_on_any_day_of_a_year() -> None:
    for offset in range(365):
        found = agenda(date(2026, 1, 1) + timedelta(days=offset), BERLIN)
        known: set[int] = set()
        for at, days in found.stages:
            known |= {
                step.days for step in steps(found, known, EARLY - timedelta(days=30), at) if not step.reason
            }
            assert days in known
