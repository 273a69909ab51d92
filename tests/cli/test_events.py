"""`events` on the command line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Type, facts

LESSON = ("events", "create", "Piano", "--starts", "2026-04-02 18:30", "--timezone", "Europe/Berlin")
WEEKLY = (*LESSON, "--repeat", "weekly", "--times", "3")
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:a@x\r\nDTSTAMP:20260301T000000Z\r\n"
    "DTSTART:20260405T100000Z\r\nSUMMARY:Concert\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_an_event_is_entered_with_its_people_and_listed(type_in: Type, now: datetime) -> None:
    people = ("--attendee", "Li <li@school.example>", "--attendee", "Ann <ann@school.example> (zh, no mail)")
    made = facts(type_in(*LESSON, "--lead", "1d", *people, "--json"))

    (listed,) = facts(type_in("events", "list", "--json"))
    assert (listed["id"], listed["starts"], listed["leads"]) == (made["id"], "2026-04-02T18:30:00", [1440])
    assert [(each["email"], each["wants_mail"]) for each in listed["attendees"]] == [
        ("li@school.example", True),
        ("ann@school.example", False),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Give --starts"),
        (("--starts", "tomorrow"), "is not a time"),
        (("--starts", "2026-04-02 18:30", "--ends", "2026-04-01 18:30"), "before the start"),
        (("--starts", "2026-04-02 18:30", "--times", "3"), "How does it repeat?"),
        (("--starts", "2026-04-02", "--attendee", "Li <li"), "bracket too few"),
    ],
)
def test_an_event_that_cannot_be_entered_says_why(
    type_in: Type, now: datetime, words: tuple[str, ...], sentence: str
) -> None:
    refused = type_in("events", "create", "Piano", *words)

    assert (refused.exit_code, sentence in refused.stderr) == (1, True)
    assert facts(type_in("events", "list", "--json")) == []


def test_what_is_not_given_stays_and_a_moved_event_keeps_its_length(type_in: Type, now: datetime) -> None:
    type_in(*LESSON, "--ends", "2026-04-02 20:00", "--location", "Room 3")

    changed = facts(type_in("events", "change", "1", "--starts", "2026-04-03 17:00", "--json"))

    assert (changed["starts"], changed["ends"]) == ("2026-04-03T17:00:00", "2026-04-03T18:30:00")
    assert (changed["title"], changed["location"]) == ("Piano", "Room 3")


def test_an_event_is_called_off_and_takes_place_again(type_in: Type, now: datetime) -> None:
    type_in(*LESSON)

    cancelled = facts(type_in("events", "cancel", "1", "--yes", "--json"))
    restored = facts(type_in("events", "restore", "1", "--json"))

    assert (cancelled["state"], restored["state"]) == ("cancelled", "confirmed")


def test_one_date_of_a_series_is_left_out_by_its_day_and_put_back(type_in: Type, now: datetime) -> None:
    type_in(*WEEKLY)

    type_in("events", "dates", "cancel", "1", "2026-04-09")
    without = facts(type_in("events", "dates", "list", "1", "--json"))
    type_in("events", "dates", "restore", "1", "2026-04-09")
    again = facts(type_in("events", "dates", "list", "1", "--json"))

    assert without["left_out"] == ["2026-04-09T18:30:00"]
    assert (len(without["dates"]), len(again["dates"]), again["left_out"]) == (2, 3, [])


def test_one_date_moves_and_the_rest_goes_on_differently(type_in: Type, now: datetime) -> None:
    type_in(*WEEKLY)

    moved = facts(
        type_in("events", "dates", "change", "1", "2026-04-09", "--starts", "2026-04-10 10:00", "--json")
    )
    new = facts(type_in("events", "dates", "following", "1", "2026-04-16", "--location", "Hall", "--json"))

    assert moved["revision"] == 1
    assert (new["id"], new["location"], new["starts"]) == (2, "Hall", "2026-04-16T18:30:00")


def test_people_are_put_on_the_list_changed_and_taken_off(type_in: Type, now: datetime) -> None:
    type_in(*LESSON)

    type_in("events", "attendees", "add", "1", "Bo <bo@school.example>", "Cy")
    changed = facts(
        type_in("events", "attendees", "change", "1", "bo@school.example", "--status", "declined", "--json")
    )
    type_in("events", "attendees", "remove", "1", "bo@school.example")

    assert (changed["status"], changed["gets_no_mail"]) == ("declined", "The person declined.")
    assert [each["name"] for each in facts(type_in("events", "attendees", "list", "1", "--json"))] == ["Cy"]


def test_nobody_is_not_put_on_a_list(type_in: Type) -> None:
    refused = type_in("events", "attendees", "add", "1")

    assert (refused.exit_code, "Name people" in refused.stderr) == (1, True)


def test_who_is_not_on_the_list_is_named(type_in: Type, now: datetime) -> None:
    type_in(*LESSON)

    refused = type_in("events", "attendees", "remove", "1", "zed@school.example")

    assert (refused.exit_code, "zed@school.example" in refused.stderr) == (1, True)


def test_a_calendar_file_is_brought_in_once(type_in: Type, now: datetime, tmp_path: Path) -> None:
    file = tmp_path / "school.ics"
    file.write_text(CALENDAR)

    first = facts(type_in("events", "import", str(file), "--json"))
    second = facts(type_in("events", "import", str(file), "--json"))

    assert (first["added"], second["added"], second["unchanged"]) == ([1], [], [1])


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_calendar_file_without_events_is_refused_whoever_asks(
    type_in: Type, tmp_path: Path, form: tuple[str, ...]
) -> None:
    file = tmp_path / "empty.ics"
    file.write_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n")

    refused = type_in("events", "import", str(file), *form)

    assert (refused.exit_code, "has no event" in refused.stderr) == (1, True)


def test_a_number_that_no_row_can_have_is_refused_before_the_database_is_asked(type_in: Type) -> None:
    assert type_in("events", "show", "99999999999999999999").exit_code == 2
