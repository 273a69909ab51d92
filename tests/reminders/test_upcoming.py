from __future__ import annotations

from flask import Flask

from edupulse.mail.suppressions import suppress
from edupulse.reminders.timeline import timeline
from edupulse.reminders.upcoming import upcoming
from tests.reminders.scenes import (
    ANNA,
    LI,
    AttendeeDraft,
    arrive,
    becomes,
    change,
    check,
    create,
    local,
    mails,
    utc,
)

DUE = utc("2026-03-16 08:45")
LATER = utc("2026-03-16 08:50")


def test_what_comes_next_is_listed_soonest_first(app: Flask) -> None:
    create(starts=local("2026-03-17 10:00"), title="Second")
    create(attendees=(ANNA, LI), title="First")

    found = upcoming(LATER, 2)

    assert [(each.due_at, each.title, each.name, each.lead_minutes) for each in found] == [
        (DUE, "First", "Anna", 15),
        (DUE, "First", "李雷", 15),
    ]


def test_what_may_go_wrong_stands_beside_it(app: Flask) -> None:
    create()
    suppress("anna@school.example", reason="hard bounce", source="test")

    (found,) = upcoming(utc("2026-03-15 12:00"))

    assert "hard bounce" in found.warning
    assert "The scheduler is not running" in found.warning


def test_a_correction_that_waits_is_listed_with_its_person(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    arrive(DUE)
    change(event, LATER, attendees=(ANNA,))

    (found,) = upcoming(LATER)

    assert (found.kind, found.name, found.address) == ("cancellation", "李雷", "li@school.example")


def test_nothing_planned_is_an_empty_list(app: Flask) -> None:
    assert upcoming(LATER) == []


def test_the_timeline_tells_the_whole_story_in_order(app: Flask) -> None:
    event = create(attendees=(ANNA, LI, AttendeeDraft(name="Grandfather")))
    check(DUE)
    becomes([mail for mail in mails() if "anna" in mail.address], "sent", LATER, said="250 queued")
    becomes([mail for mail in mails() if "li" in mail.address], "rejected", LATER, said="550 no such user")
    change(event, LATER, starts=local("2026-03-16 11:00"))
    check(LATER)

    entries = timeline(event.id)

    assert [(each.name, each.kind, each.state, each.delivery_state) for each in entries] == [
        ("Anna", "reminder", "handed_over", "sent"),
        ("李雷", "reminder", "handed_over", "rejected"),
        ("Anna", "correction", "handed_over", "queued"),
        ("Anna", "reminder", "planned", None),
        ("李雷", "reminder", "planned", None),
        ("Grandfather", "reminder", "not_planned", None),
    ]
    first, second = entries[:2]
    assert (first.server_said, first.lateness_seconds) == ("250 queued", 300.0)
    assert second.server_said == "550 no such user"
    assert "moved" in first.words
    assert "No e-mail address" in entries[-1].words


def test_the_timeline_of_an_event_without_people_is_empty(app: Flask) -> None:
    assert timeline(create(attendees=()).id) == []
