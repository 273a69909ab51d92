from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import event as sql_event

from edupulse.database import db
from edupulse.mail.suppressions import suppress
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.told import everyone_told
from tests.reminders.scenes import (
    ANNA,
    LI,
    LONG_BEFORE,
    AttendeeDraft,
    arrive,
    becomes,
    change,
    check,
    create,
    local,
    mails,
    rows,
    utc,
)

DUE = utc("2026-03-16 08:45")
LATER = utc("2026-03-16 08:50")


def is_told(event: Event) -> bool:
    db.session.expire_all()
    return db.session.get_one(Event, event.id).notification_sent


def test_everyone_is_told_once_every_mail_is_sent(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    assert not is_told(event)

    check(DUE)
    assert not is_told(event)

    becomes(mails()[:1], "sent", DUE)
    check(LATER)
    assert not is_told(event)

    becomes(mails()[1:], "sent", LATER)
    check(LATER)
    assert is_told(event)


@pytest.mark.parametrize("state", ["rejected", "unknown", "deferred", "bounced", "cancelled"])
def test_one_who_was_not_told_for_sure_is_enough(app: Flask, state: str) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    becomes(mails()[:1], "sent", DUE)
    becomes(mails()[1:], state, DUE, said="450 4.2.1 no")

    check(LATER)

    assert not is_told(event)


def test_a_mail_that_is_settled_by_a_person_later_counts_then(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "unknown", DUE)
    check(LATER)

    becomes(mails(), "sent", LATER)
    check(LATER)

    assert is_told(event)


def test_who_must_not_be_written_to_is_not_waited_for(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    suppress("li@school.example", reason="asked not to", source="test")
    check(DUE)
    arrive(DUE)

    check(LATER)

    assert is_told(event)


def test_nobody_told_is_not_everybody_told(app: Flask) -> None:
    event = create(attendees=(AttendeeDraft(name="Grandfather"),))
    suppressed = create(title="Suppressed")
    suppress("anna@school.example", reason="asked not to", source="test")

    check(DUE)

    assert not is_told(event)
    assert not is_told(suppressed)


def test_a_missed_reminder_is_not_told(app: Flask) -> None:
    event = create()

    check(utc("2026-03-16 10:00"))

    assert not is_told(event)


def test_another_start_begins_anew(app: Flask) -> None:
    event = create()
    check(DUE)
    arrive(DUE)
    check(LATER)
    assert is_told(event)

    change(event, LATER, starts=local("2026-03-18 10:00"))
    assert not is_told(event)

    check(LATER)
    assert not is_told(event)
    arrive(LATER)
    check(LATER)
    assert is_told(event)


def test_another_title_changes_nothing(app: Flask) -> None:
    event = create()
    check(DUE)
    arrive(DUE)
    check(LATER)

    change(event, LATER, title="Watercolour")

    assert is_told(event)


def test_of_a_series_the_last_due_date_counts(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY;COUNT=2")
    check(DUE)
    arrive(DUE)
    check(LATER)
    assert is_told(event)

    check(utc("2026-03-23 08:45"))
    assert not is_told(event)

    arrive(utc("2026-03-23 08:45"))
    check(utc("2026-03-23 08:46"))
    assert is_told(event)


def test_with_two_leads_it_is_true_after_each(app: Flask) -> None:
    event = create(leads=(1_440, 15))
    check(utc("2026-03-15 09:00"))
    arrive(utc("2026-03-15 09:00"))
    check(utc("2026-03-15 09:01"))
    assert is_told(event)

    check(DUE)

    # Everybody knows of the event; the second reminder on its way does not make that untrue.
    assert is_told(event)


def test_keeping_it_up_to_date_asks_as_often_for_thirty_events_as_for_three(app: Flask) -> None:
    def asked(events: int) -> int:
        for number in range(events):
            create(title=f"Event {number}", at=LONG_BEFORE)
        statements: list[str] = []
        listener = lambda *arguments: statements.append(arguments[2])  # noqa: E731
        sql_event.listen(db.engine, "before_cursor_execute", listener)
        try:
            check(DUE)
        finally:
            sql_event.remove(db.engine, "before_cursor_execute", listener)
        return len(statements)

    few = asked(3)

    assert asked(30) <= few


def test_what_is_settled_is_not_looked_at_again(app: Flask) -> None:
    create()
    check(DUE)
    arrive(DUE)

    check(LATER)

    (reminder,) = rows()
    assert isinstance(reminder, Reminder)
    assert reminder.settled_at == LATER


def test_the_rule_in_short() -> None:
    assert everyone_told([("a", "handed_over", "sent"), ("b", "skipped", None)])
    assert not everyone_told([("a", "handed_over", "sent"), ("b", "failed", None)])
    assert not everyone_told([("a", "skipped", None)])
    assert everyone_told([("a", "missed", None), ("a", "handed_over", "sent")])
