from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.errors import Conflict, NotFound
from edupulse.mail.models import Delivery
from edupulse.reminders.events import AttendeeDraft, cancel_event
from edupulse.reminders.models import Event
from edupulse.reminders.send import send_now
from tests.reminders.scenes import ANNA, LI, arrive, becomes, change, check, create, local, mails, rows, utc

TWO = utc("2026-03-15 14:00")
DUE = utc("2026-03-16 08:45")


def send(event: Event, at: object = TWO, **how: bool) -> list[Delivery]:
    with clock.frozen(at):  # type: ignore[arg-type]
        return send_now(event.id, "head@school.example", **how)


def test_everyone_who_may_be_reminded_gets_it_now(app: Flask) -> None:
    event = create(attendees=(ANNA, replace(LI, status="declined"), AttendeeDraft(name="Grandfather")))

    sent = send(event)

    assert [(mail.address, mail.kind, mail.state) for mail in sent] == [
        ("anna@school.example", "reminder", "queued")
    ]
    assert sent[0].subject == "Reminder: Oil painting (Mon 16 Mar, 10:00)"
    assert entries_of(f"event:{event.id}")[0].action == "event.remind"


def test_a_second_click_sends_nothing_again_and_shows_the_same_mails(app: Flask) -> None:
    event = create()

    first, second = send(event), send(event, utc("2026-03-15 14:05"))

    assert [mail.id for mail in first] == [mail.id for mail in second]
    assert len(mails()) == 1


def test_who_joined_since_gets_it_with_the_second_click(app: Flask) -> None:
    event = create()
    send(event)
    change(event, TWO, attendees=(ANNA, LI))

    assert [mail.address for mail in send(event, utc("2026-03-15 14:05"))] == [ANNA.email, LI.email]
    assert len(mails()) == 2


def test_who_did_not_get_it_the_first_time_gets_it_the_second(app: Flask) -> None:
    event = create()
    becomes(send(event), "rejected", TWO, said="550 5.1.1 no such user")

    assert [mail.state for mail in send(event, utc("2026-03-15 14:05"))] == ["rejected", "queued"]


def test_again_sends_it_again_but_once_a_minute(app: Flask) -> None:
    event = create()
    send(event)

    send(event, again=True)
    assert len(mails()) == 1

    send(event, utc("2026-03-15 14:01"), again=True)
    assert len(mails()) == 2


def test_the_planned_reminder_still_comes_in_its_time(app: Flask) -> None:
    send(create())

    assert check(DUE)["handed_over"] == 1


def test_a_planned_reminder_that_would_follow_within_minutes_is_left_out(app: Flask) -> None:
    send(create(), utc("2026-03-16 08:40"))

    assert check(DUE)["due"] == 0
    assert [(each.state, each.reason) for each in rows(kind="reminder")] == [("skipped", "told")]


def test_of_a_series_the_next_date_is_meant(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")

    assert send(event, utc("2026-03-16 12:00"))[0].subject == "Reminder: Oil painting (Mon 23 Mar, 10:00)"


def test_who_was_reminded_by_hand_is_corrected_like_anybody_else(app: Flask) -> None:
    event = create()
    send(event)
    arrive(TWO)

    change(event, TWO, starts=local("2026-03-16 11:00"))
    check(TWO)

    assert [mail.kind for mail in mails()] == ["reminder", "correction"]


def test_what_has_begun_is_said_to_have_begun(app: Flask) -> None:
    assert send(create(), utc("2026-03-16 09:05"))[0].subject.startswith("Has just begun")


def test_an_event_that_does_not_qualify_says_why(app: Flask) -> None:
    with pytest.raises(Conflict, match=r"turned off for the event\. Turn them on first"):
        send(create(email_reminder=False))
    with pytest.raises(Conflict, match=r"is over\. Give it a new date"):
        send(create(), utc("2026-03-16 10:00"))
    with pytest.raises(Conflict, match=r"has no attendees"):
        send(create(attendees=()))
    with pytest.raises(Conflict, match=r"No e-mail address is known"):
        send(create(attendees=(AttendeeDraft(name="Grandfather"),)))
    with pytest.raises(NotFound):
        send(Event(id=4711))


def test_a_cancelled_event_is_not_sent(app: Flask) -> None:
    event = create()
    with clock.frozen(TWO):
        cancel_event(event.id, "test")

    with pytest.raises(Conflict, match="cancelled"):
        send(event)
