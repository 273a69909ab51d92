"""The reminder line end to end: an event is saved, the clock comes round, a mail stands in an inbox."""

from __future__ import annotations

import email.policy
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import cast

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from edupulse import clock
from edupulse.control import worker
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.reminders.events import AttendeeDraft, EventDraft, cancel_event, create_event
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.why import why
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply

pytestmark = pytest.mark.real_redis

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
def double() -> Iterator[SmtpDouble]:
    with SmtpDouble(
        on("rcpt", reply("550 5.1.1 No such user here"), recipient="gone@school.example")
    ) as server:
        yield server


@pytest.fixture
def line(
    app: Flask, real_redis: Redis, double: SmtpDouble, change_settings: Callable[..., None]
) -> Callable[[datetime], None]:
    """Return a function that lets the line work at an instant: the check, then everything it leads to."""
    change_settings(smtp_server=double.host, smtp_port=double.port, smtp_security="none")

    def work(at: datetime) -> None:
        with clock.frozen(at):
            enqueue("reminders.check")
            worker.run(app, burst=True)
        db.session.rollback()
        db.session.expire_all()

    return work


def lesson(*addresses: str) -> Event:
    draft = EventDraft(
        title="Oil painting",
        starts=datetime(2026, 3, 12, 12, 0),
        ends=datetime(2026, 3, 12, 13, 30),
        timezone="UTC",
        location="Studio 2",
        leads=[15],
        attendees=[AttendeeDraft(email=address, name="Zoë 张伟") for address in addresses],
    )
    with clock.frozen(NOON - timedelta(days=1)):
        return create_event(draft, actor="test", owner_id=None)


def test_a_reminder_goes_from_the_event_to_the_inbox(
    line: Callable[[datetime], None], double: SmtpDouble
) -> None:
    event = lesson("zoe@school.example")

    line(NOON - timedelta(minutes=15))

    (arrived,) = double.accepted
    message = cast(EmailMessage, email.message_from_bytes(arrived.data, policy=email.policy.default))
    assert "Oil painting" in message["Subject"]
    assert "Zoë 张伟" in message["To"]
    assert message["Auto-Submitted"] == "auto-generated"
    body = message.get_body(("html",))
    assert body is not None
    assert "Studio 2" in body.get_content()
    answer = why(event.id, "zoe@school.example", NOON)
    assert answer.code == "already_sent"


def test_each_step_leaves_a_row_that_leads_to_the_next(
    line: Callable[[datetime], None], double: SmtpDouble
) -> None:
    lesson("zoe@school.example")

    line(NOON - timedelta(minutes=15))

    reminder = db.session.scalars(select(Reminder)).one()
    delivery = db.session.get_one(Delivery, reminder.delivery_id)
    assert (reminder.state, delivery.state, delivery.attempts_made) == ("handed_over", "sent", 1)
    assert delivery.message_id == double.accepted[0].message_id
    assert [attempt.verdict for attempt in delivery.attempts] == ["sent"]
    assert {run.state for run in db.session.scalars(select(JobRun))} == {"finished"}


def test_checking_again_sends_nothing_again(line: Callable[[datetime], None], double: SmtpDouble) -> None:
    lesson("zoe@school.example", "li@school.example")

    for minute in (15, 14, 13):
        line(NOON - timedelta(minutes=minute))

    assert sorted(copy.recipient for copy in double.accepted) == ["li@school.example", "zoe@school.example"]


def test_a_refused_address_stops_nobody_else_and_says_why(
    line: Callable[[datetime], None], double: SmtpDouble
) -> None:
    event = lesson("gone@school.example", "zoe@school.example")

    line(NOON - timedelta(minutes=15))

    assert [copy.recipient for copy in double.accepted] == ["zoe@school.example"]
    assert "No such user here" in why(event.id, "gone@school.example", NOON).sentence


def test_a_cancelled_event_reminds_nobody(line: Callable[[datetime], None], double: SmtpDouble) -> None:
    event = lesson("zoe@school.example")
    with clock.frozen(NOON - timedelta(hours=1)):
        cancel_event(event.id, actor="test")

    line(NOON - timedelta(minutes=15))

    assert double.accepted == []


def test_those_who_were_told_learn_of_the_cancellation(
    line: Callable[[datetime], None], double: SmtpDouble
) -> None:
    event = lesson("zoe@school.example")
    line(NOON - timedelta(minutes=15))
    with clock.frozen(NOON - timedelta(minutes=10)):
        cancel_event(event.id, actor="test")

    line(NOON - timedelta(minutes=9))

    assert [copy.recipient for copy in double.accepted] == ["zoe@school.example"] * 2
    assert b"oil painting" in double.accepted[1].data.lower()
