"""A row of the requirement, a test: each reason is told, in order of what matters."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fakeredis import FakeRedis, FakeServer
from flask import Flask

from edupulse import clock
from edupulse.control.models import Worker
from edupulse.errors import NotFound
from edupulse.mail.models import Sender
from edupulse.mail.suppressions import suppress
from edupulse.reminders.answer import Answer
from edupulse.reminders.events import AttendeeDraft, cancel_event, cancel_occurrence
from edupulse.reminders.models import Event
from edupulse.reminders.why import why
from edupulse.transaction import transaction
from tests.reminders.scenes import ANNA, LI, arrive, becomes, change, check, create, local, mails, utc

DUE = utc("2026-03-16 08:45")
LATER = utc("2026-03-16 08:50")


@pytest.fixture(autouse=True)
def mail_server(app: Flask, change_settings: Any) -> None:
    change_settings(smtp_server="smtp.school.example")


def work(at: datetime, *kinds: str) -> None:
    """Let a scheduler and a worker live at an instant."""
    with transaction() as session:
        for kind in kinds or ("scheduler", "worker"):
            session.merge(
                Worker(
                    name=f"{kind}-1", kind=kind, host="here", pid=1, queues=["reminders", "email"],
                    state="running", version="1", started_at=at, heartbeat_at=at, last_tick_at=at,
                )
            )  # fmt: skip


def ask(event: Event, at: datetime = LATER, who: str = "anna@school.example") -> Answer:
    return why(event.id, who, at)


def test_no_address(app: Flask) -> None:
    event = create(attendees=(AttendeeDraft(name="Grandfather"),))

    assert ask(event, who="grandfather").code == "no_address"


def test_reminder_off(app: Flask) -> None:
    answer = ask(create(email_reminder=False))

    assert (answer.code, answer.cure) == ("reminder_off", "Turn reminders on in the event.")


def test_not_on_the_list(app: Flask) -> None:
    answer = ask(create(), who="ana@school.example")

    assert answer.code == "not_attendee"
    assert "Did you mean anna@school.example?" in answer.cure


def test_already_sent_with_the_servers_words(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "sent", DUE, said="250 2.0.0 Ok: queued as 4711")

    answer = ask(event)

    assert answer.code == "already_sent"
    assert "at 2026-03-16 09:45 (Europe/Berlin) to anna@school.example" in answer.sentence
    assert "250 2.0.0 Ok: queued as 4711" in answer.sentence


def test_outside_the_window_says_when_it_will_be(app: Flask) -> None:
    event = create()
    work(utc("2026-03-15 12:00"))

    answer = ask(event, utc("2026-03-15 12:00"))

    assert answer.code == "outside_window"
    assert "sent at 2026-03-16 09:45 (Europe/Berlin)" in answer.sentence
    assert answer.cure == ""
    assert answer.facts["due_at"] == DUE


def test_outside_the_window_warns_when_nothing_runs(app: Flask) -> None:
    assert "The scheduler is not running" in ask(create(), utc("2026-03-15 12:00")).cure


def test_a_date_of_a_series_beyond_what_is_planned_is_looked_up(app: Flask) -> None:
    event = create(rrule="FREQ=MONTHLY;INTERVAL=3;COUNT=3")
    check(DUE)
    arrive(DUE)

    answer = ask(event, utc("2026-04-01 12:00"))

    assert answer.code == "outside_window"
    assert answer.facts["due_at"] == utc("2026-06-16 07:45")


def test_a_series_whose_last_date_was_told_answers_with_the_next(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")
    check(DUE)
    arrive(DUE)

    assert ask(event).code == "already_sent"
    assert ask(event, utc("2026-03-17 12:00")).code == "outside_window"


def test_cancelled(app: Flask) -> None:
    event = create()
    with clock.frozen(utc("2026-03-15 12:00")):
        cancel_event(event.id, "test")

    assert ask(event).code == "cancelled"


def test_a_date_that_was_left_out_answers_with_the_next(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")
    with clock.frozen(utc("2026-03-15 12:00")):
        cancel_occurrence(event.id, "2026-03-16T10:00:00", "test")

    assert ask(event).facts["starts_at"] == utc("2026-03-23 09:00")


def test_suppressed_before_and_after_it_was_due(app: Flask) -> None:
    event = create()
    suppress("anna@school.example", reason="hard bounce", source="test")

    assert ask(event, utc("2026-03-15 12:00")).code == "suppressed"
    check(DUE)
    after = ask(event)
    assert after.code == "suppressed"
    assert "hard bounce" in after.sentence


@pytest.mark.parametrize(
    ("person", "code"),
    [(replace(ANNA, status="declined"), "declined"), (replace(ANNA, wants_mail=False), "no_mail_wanted")],
)
def test_who_does_not_want_it(app: Flask, person: AttendeeDraft, code: str) -> None:
    assert ask(create(attendees=(person,))).code == code


def test_scheduler_down(app: Flask) -> None:
    event = create()
    work(LATER, "worker")

    answer = ask(event)

    assert answer.code == "scheduler_down"
    assert "cli.py start" in answer.cure


def test_worker_down_before_it_was_handed_over(app: Flask) -> None:
    event = create()
    work(LATER, "scheduler")

    assert ask(event).code == "worker_down"


def test_worker_down_after_it_was_handed_over(app: Flask) -> None:
    event = create()
    check(DUE)
    work(LATER, "scheduler")

    answer = ask(event)

    assert answer.code == "worker_down"
    assert "No worker listens to the queue email" in answer.sentence


def test_redis_down(app: Flask) -> None:
    event = create()
    work(LATER)
    server = FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = FakeRedis(server=server)

    assert ask(event).code == "redis_down"


def test_due_this_minute(app: Flask) -> None:
    event = create()
    work(DUE + timedelta(seconds=20))

    assert ask(event, DUE + timedelta(seconds=30)).code == "due"


def test_due_for_long_although_everything_runs(app: Flask) -> None:
    event = create()
    work(LATER)

    answer = ask(event)

    assert answer.code == "late"
    assert "reminders.check" in answer.cure


def test_waiting_in_the_queue(app: Flask) -> None:
    event = create()
    check(DUE)
    work(LATER)

    assert ask(event).code == "queued"


def test_being_sent(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "sending", DUE, said="354 go on")

    assert ask(event).code == "sending"


def test_sender_paused_with_cause_and_cure(app: Flask) -> None:
    event = create()
    check(DUE)
    with transaction() as session:
        sender = session.query(Sender).one()
        sender.paused_at, sender.pause_reason = DUE, "The login was refused."
        sender.pause_cure = "Make an app password."

    answer = ask(event)

    assert answer.code == "sender_paused"
    assert "The login was refused." in answer.sentence
    assert answer.cure == "Make an app password."


def test_no_mail_server(app: Flask, change_settings: Any) -> None:
    event = create()
    check(DUE)
    change_settings(smtp_server="")

    assert ask(event).code == "no_mail_server"


def test_mail_refused_with_the_servers_words(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(
        mails(), "rejected", DUE, said="550 5.1.1 No such user here", reason="The address does not exist."
    )

    answer = ask(event)

    assert answer.code == "mail_refused"
    assert "The address does not exist. The server said: 550 5.1.1 No such user here" in answer.sentence


def test_a_refused_mail_is_told_for_a_week(app: Flask) -> None:
    event = create(rrule="FREQ=WEEKLY")
    check(DUE)
    becomes(mails(), "rejected", DUE, said="550 5.1.1 No such user here")

    assert ask(event, utc("2026-03-18 12:00")).code == "mail_refused"
    assert ask(event, utc("2026-03-23 12:00")).code != "mail_refused"


def test_deferred_with_the_next_try(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "deferred", DUE, said="451 4.7.1 greylisted", next_attempt_at=utc("2026-03-16 08:55"))

    answer = ask(event)

    assert answer.code == "deferred"
    assert "tried again at 2026-03-16 09:55" in answer.sentence
    assert "greylisted" in answer.sentence


def test_uncertain(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "unknown", DUE, said="0 ")

    assert ask(event).code == "uncertain"


def test_bounced(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "bounced", DUE)

    assert ask(event).code == "bounced"


def test_missed(app: Flask) -> None:
    event = create()
    check(utc("2026-03-16 12:00"))

    answer = ask(event, utc("2026-03-16 12:01"))

    assert answer.code == "missed"
    assert "nothing is sent that late" in answer.sentence


def test_expired_in_the_queue(app: Flask) -> None:
    event = create()
    check(DUE)
    becomes(mails(), "cancelled", LATER, reason="Its time had passed before it could be sent.")

    assert ask(event).code == "mail_cancelled"


def test_failed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edupulse.reminders.due.compose", lambda *_, **__: 1 / 0)
    event = create()
    check(DUE)

    answer = ask(event)

    assert answer.code == "failed"
    assert "ZeroDivisionError" in answer.sentence


def test_who_left_the_list_after_being_told(app: Flask) -> None:
    event = create(attendees=(ANNA, LI))
    check(DUE)
    arrive(DUE)
    change(event, LATER, attendees=(LI,))
    check(LATER)
    arrive(LATER)

    answer = ask(event)

    assert answer.code == "already_sent"
    assert answer.sentence.startswith("The notice that it does not take place was sent")


def test_an_event_entered_when_it_was_over(app: Flask) -> None:
    event = create(utc("2026-03-20 12:00"))

    assert ask(event, utc("2026-03-20 12:01")).code == "over"


def test_of_two_leads_the_nearer_one_is_meant(app: Flask) -> None:
    event = create(leads=(1_440, 15))
    check(utc("2026-03-15 09:00"))
    arrive(utc("2026-03-15 09:00"))
    work(LATER, "worker")

    assert ask(event).code == "scheduler_down"


def test_a_lead_that_was_left_out_for_a_nearer_one_is_no_answer(app: Flask) -> None:
    event = create(leads=(1_440, 15), at=DUE)
    check(DUE)
    arrive(DUE)

    assert ask(event).code == "already_sent"


def test_an_unknown_event(app: Flask) -> None:
    with pytest.raises(NotFound):
        why(4711, "anna@school.example", DUE)


def test_a_moved_event_answers_with_the_correction(app: Flask) -> None:
    event = create()
    check(DUE)
    arrive(DUE)
    change(event, LATER, starts=local("2026-03-16 11:00"))
    check(LATER)
    arrive(LATER)

    assert ask(event).sentence.startswith("The correction was sent")
