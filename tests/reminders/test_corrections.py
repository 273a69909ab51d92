from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.reminders.corrections import Belief, Change, notice_for, paired
from edupulse.reminders.plan import EventFacts, Occurrence
from edupulse.reminders.recurrence import Series
from edupulse.reminders.snapshot import Person, Snapshot
from tests.reminders.scenes import local, utc

HOUR = timedelta(hours=1)


def occurrence(original: str, starts: str | None = None, place: str = "Studio 2") -> Occurrence:
    starts_at = utc(starts or original)
    return Occurrence(local(original).isoformat(), starts_at, starts_at + HOUR, place)


def belief(starts: str, place: str = "Studio 2", *, stands: bool = True) -> Belief:
    return Belief(utc(starts), utc(starts) + HOUR, place, "", stands=stands)


def change(after: list[Occurrence], *, people: bool = True) -> Change:
    facts = EventFacts(Series(local("2026-03-16 10:00"), local("2026-03-16 11:00"), "UTC"), "Studio 2", (15,))
    anna = {"anna@school.example": Person(1, "Anna", "anna@school.example", "en", None)}
    became: dict[str, Occurrence | None] = {each.original: each for each in after}
    return Change(Snapshot(facts, anna), Snapshot(facts, anna if people else {}), {}, became)


def told(held: Belief, after: list[Occurrence], *, people: bool = True) -> tuple[str, str] | None:
    notice = notice_for("2026-03-16T10:00:00", "anna@school.example", held, change(after, people=people))
    return (notice.kind, notice.cause) if notice else None


def test_who_believes_what_holds_is_told_nothing() -> None:
    assert told(belief("2026-03-16 10:00"), [occurrence("2026-03-16 10:00")]) is None


def test_another_time_is_a_correction() -> None:
    moved = occurrence("2026-03-16 10:00", "2026-03-16 12:00")

    assert told(belief("2026-03-16 10:00"), [moved]) == ("correction", "moved")


def test_another_place_is_a_correction() -> None:
    moved = occurrence("2026-03-16 10:00", place="Hall")

    assert told(belief("2026-03-16 10:00"), [moved]) == ("correction", "place")


def test_what_does_not_take_place_is_cancelled() -> None:
    assert told(belief("2026-03-16 10:00"), []) == ("cancellation", "cancelled")


def test_who_left_the_list_is_told_so() -> None:
    after = [occurrence("2026-03-16 10:00")]

    assert told(belief("2026-03-16 10:00"), after, people=False) == ("cancellation", "removed")


def test_who_was_told_of_the_cancellation_is_told_that_it_takes_place_after_all() -> None:
    after = [occurrence("2026-03-16 10:00")]

    assert told(belief("2026-03-16 10:00", stands=False), after) == ("correction", "restored")


def test_who_knows_of_the_cancellation_is_not_told_again() -> None:
    assert told(belief("2026-03-16 10:00", stands=False), []) is None


def names(became: dict[str, Occurrence | None]) -> list[str | None]:
    return [each.original if each else None for each in became.values()]


def test_the_same_original_start_is_the_same_occurrence() -> None:
    before = [occurrence("2026-03-16 10:00"), occurrence("2026-03-23 10:00")]

    became = paired(before, [occurrence("2026-03-23 10:00", "2026-03-24 12:00")])

    assert names(became) == [None, "2026-03-23T10:00:00"]


def test_another_hour_of_the_same_day_is_the_same_lesson() -> None:
    before = [occurrence("2026-03-16 10:00"), occurrence("2026-03-23 10:00")]
    after = [occurrence("2026-03-16 11:00"), occurrence("2026-03-23 11:00")]

    assert names(paired(before, after)) == ["2026-03-16T11:00:00", "2026-03-23T11:00:00"]


def test_a_lesson_moved_to_tuesdays_is_paired_week_by_week() -> None:
    before = [occurrence("2026-03-16 10:00"), occurrence("2026-03-23 10:00")]
    after = [occurrence("2026-03-17 10:00"), occurrence("2026-03-24 10:00")]

    assert names(paired(before, after)) == ["2026-03-17T10:00:00", "2026-03-24T10:00:00"]


def test_what_is_left_out_is_not_taken_for_moved() -> None:
    before = [occurrence(f"2026-03-{day} 10:00") for day in (16, 23, 30)]

    became = paired(before, before[1:])

    assert names(became) == [None, "2026-03-23T10:00:00", "2026-03-30T10:00:00"]


def test_a_belief_is_about_instants_not_about_clocks() -> None:
    held = belief("2026-03-16 09:00")
    same = Occurrence(
        "2026-03-16T10:00:00",
        datetime.fromisoformat("2026-03-16T10:00:00+01:00"),
        utc("2026-03-16 10:00"),
        "Studio 2",
    )

    assert held.holds(same)
