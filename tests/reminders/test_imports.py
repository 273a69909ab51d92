from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.database import db
from edupulse.reminders.events import AttendeeDraft, ImportReport, cancel_event, import_ics
from edupulse.reminders.models import Event
from tests.reminders.scenes import LONG_BEFORE, change, check, mails, rows, utc

pytestmark = pytest.mark.usefixtures("long_before")

LESSON = """BEGIN:VEVENT
UID:lesson-1@calendar.example
SEQUENCE:{sequence}
DTSTAMP:20260301T120000Z
DTSTART;TZID=Europe/Berlin:20260316T{hour}0000
DTEND;TZID=Europe/Berlin:20260316T{end}0000
SUMMARY:{title}
LOCATION:Studio 2
ORGANIZER:mailto:teacher@calendar.example
ATTENDEE;CN=Anna;PARTSTAT=ACCEPTED:mailto:anna@school.example
{more}END:VEVENT
"""


def lesson(sequence: int = 0, hour: int = 10, title: str = "Oil painting", more: str = "") -> str:
    return LESSON.format(sequence=sequence, hour=hour, end=hour + 1, title=title, more=more)


def bring_in(*events: str) -> ImportReport:
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//test//EN\n" + "".join(events) + "END:VCALENDAR\n"
    return import_ics(text.replace("\n", "\r\n").encode(), "head@school.example", None)


def numbers(report: ImportReport) -> tuple[int, int, int, int]:
    return len(report.added), len(report.updated), len(report.unchanged), len(report.rejected)


def stored() -> Event:
    db.session.expire_all()
    return db.session.scalars(select(Event)).one()


def test_a_new_event_is_added_with_its_people_and_reminders(app: Flask) -> None:
    report = bring_in(lesson(sequence=3, more="RRULE:FREQ=WEEKLY;COUNT=2\n"))

    assert numbers(report) == (1, 0, 0, 0)
    event = stored()
    assert (event.uid, event.sequence, event.organizer) == (
        "lesson-1@calendar.example",
        3,
        "teacher@calendar.example",
    )
    assert [(each.name, each.status) for each in event.attendees] == [("Anna", "accepted")]
    assert [each.starts_at for each in rows()] == [utc("2026-03-16 09:00"), utc("2026-03-23 09:00")]


def test_the_same_file_twice_changes_nothing_twice(app: Flask) -> None:
    bring_in(lesson())

    assert numbers(bring_in(lesson())) == (0, 0, 1, 0)
    assert stored().revision == 0


def test_a_higher_sequence_updates(app: Flask) -> None:
    bring_in(lesson())

    assert numbers(bring_in(lesson(sequence=5, hour=14))) == (0, 1, 0, 0)

    assert (stored().sequence, stored().starts_at) == (5, utc("2026-03-16 13:00"))
    assert [each.due_at for each in rows(state="planned")] == [utc("2026-03-16 12:45")]


def test_a_lower_sequence_is_an_old_file(app: Flask) -> None:
    bring_in(lesson(sequence=5))

    assert numbers(bring_in(lesson(sequence=4, hour=14))) == (0, 0, 1, 0)
    assert stored().starts_at == utc("2026-03-16 09:00")


def test_what_was_changed_here_is_not_undone_by_the_old_file(app: Flask) -> None:
    bring_in(lesson())
    change(stored(), LONG_BEFORE, location="Great hall")

    assert numbers(bring_in(lesson())) == (0, 0, 1, 0)
    assert stored().location == "Great hall"


def test_nobody_who_was_added_here_is_taken_off_the_list(app: Flask) -> None:
    bring_in(lesson())
    people = (
        AttendeeDraft(email="li@school.example", name="Li"),
        AttendeeDraft(email="anna@school.example", name="Anna"),
    )
    change(stored(), LONG_BEFORE, attendees=people, leads=(60,))

    bring_in(lesson(sequence=1, title="Watercolour"))

    assert {each.name for each in stored().attendees} == {"Li", "Anna"}
    assert (stored().title, stored().leads) == ("Watercolour", [60])


def test_a_cancelled_event_of_the_file_is_cancelled_here_and_tells_who_was_told(app: Flask) -> None:
    bring_in(lesson())
    check(utc("2026-03-16 08:45"))

    assert numbers(bring_in(lesson(sequence=1, more="STATUS:CANCELLED\n"))) == (0, 1, 0, 0)

    assert stored().is_cancelled
    assert [mail.state for mail in mails()] == ["cancelled"]


def test_a_cancelled_event_that_nobody_knew_is_left_out(app: Flask) -> None:
    report = bring_in(lesson(more="STATUS:CANCELLED\n"))

    assert numbers(report) == (0, 0, 0, 0)
    assert "was not known here" in report.notes[0]


def test_what_was_cancelled_here_stays_so_until_a_newer_file(app: Flask) -> None:
    bring_in(lesson())
    cancel_event(stored().id, "test")

    bring_in(lesson(sequence=1))
    assert stored().is_cancelled

    bring_in(lesson(sequence=2))
    assert not stored().is_cancelled


def test_a_bad_event_is_rejected_and_the_others_come_in(app: Flask) -> None:
    bad = "BEGIN:VEVENT\nUID:bad\nSUMMARY:No time\nEND:VEVENT\n"

    report = bring_in(bad, lesson())

    assert len(report.added) == 1
    assert any("line 4" in each.lower() for each in [*report.rejected, *report.notes])


def test_an_address_that_cannot_be_used_leaves_a_name(app: Flask) -> None:
    report = bring_in(lesson(more="ATTENDEE;CN=Bob:mailto:bob@nowhere..example\n"))

    assert [(each.name, each.address) for each in stored().attendees] == [
        ("Anna", "anna@school.example"),
        ("Bob", ""),
    ]
    assert any("bob@nowhere..example" in each for each in report.notes)


def test_an_old_calendar_floods_nobody(app: Flask) -> None:
    past = lesson().replace("20260316", "20160316")

    bring_in(past)

    assert rows() == []
    assert check(LONG_BEFORE)["due"] == 0


def test_an_overlong_title_is_cut(app: Flask) -> None:
    bring_in(lesson(title="x" * 450))

    assert len(stored().title) == 300


def test_a_changed_date_of_a_series_comes_along(app: Flask) -> None:
    moved = (
        lesson(hour=15, more="RECURRENCE-ID;TZID=Europe/Berlin:20260323T100000\n")
        .replace("20260316T150000", "20260324T150000")
        .replace("20260316T160000", "20260324T160000")
    )

    report = bring_in(lesson(more="RRULE:FREQ=WEEKLY;COUNT=2\n"), moved)

    assert numbers(report) == (1, 0, 0, 0)
    assert [each.starts_at for each in rows()] == [utc("2026-03-16 09:00"), utc("2026-03-24 14:00")]
    assert numbers(bring_in(lesson(more="RRULE:FREQ=WEEKLY;COUNT=2\n"), moved)) == (0, 0, 1, 0)


def test_what_is_no_calendar_says_so(app: Flask) -> None:
    report = import_ics(b"\x89PNG nonsense", "test", None)

    assert numbers(report) == (0, 0, 0, 0)
    assert report.notes
