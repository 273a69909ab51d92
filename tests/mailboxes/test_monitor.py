"""What doors show of mailboxes and messages, and what a person may order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mailboxes import monitor, orders
from edupulse.mailboxes.health import LATE_AFTER, health_of
from edupulse.mailboxes.models import Mailbox
from tests.mailboxes.boxes import a_mailbox
from tests.mailboxes.test_sweep import a_message


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "new"),
        ({"enabled": False}, "disabled"),
        ({"polled_at": now(), "succeeded_at": now()}, "ok"),
        ({"polled_at": now(), "failures": 1, "error": "away", "retry_at": now()}, "retrying"),
        ({"failures": 3, "error": "refused", "stopped_at": now()}, "stopped"),
        ({"polled_at": now() - 2 * LATE_AFTER, "succeeded_at": now() - 2 * LATE_AFTER}, "late"),
    ],
)
def test_the_health_of_a_mailbox_is_read_from_its_row(values: dict[str, object], state: str) -> None:
    moment = now()
    mailbox = Mailbox(
        **{
            "interval_seconds": 60,
            "enabled": True,
            "failures": 0,
            "backlog": 0,
            "created_at": moment,
            **values,
        }
    )

    health = health_of(mailbox, moment)

    assert health.state == state
    assert health.words


def test_the_list_counts_each_mailbox_by_itself(app: Flask) -> None:
    first = a_message(state="quarantined", quarantine_version="1")
    a_message(mailbox_id=first.mailbox_id, sha256="b" * 64, attention=True)
    empty = a_mailbox(name="A quiet one")
    a_mailbox(removed_at=now())

    listed = {each.mailbox.id: each for each in monitor.listing()}

    assert (listed[first.mailbox_id].messages, listed[first.mailbox_id].quarantined) == (2, 1)
    assert listed[first.mailbox_id].attention == 1
    assert listed[empty.id].messages == 0
    assert monitor.one(first.mailbox_id).messages == 2
    assert monitor.totals()["quarantined"] == 1
    assert monitor.totals()["attention"] == 1


def test_messages_are_found_by_what_they_are(app: Flask) -> None:
    found = a_message(kind="bounce", from_address="mailer-daemon@example.org", subject="Undelivered")
    a_message(kind="other", from_address="zoe@example.org", subject="100%")

    assert [row.id for row in monitor.messages(kind="bounce").items] == [found.id]
    assert [row.id for row in monitor.messages(search="MAILER").items] == [found.id]
    assert len(monitor.messages(search="%").items) == 1
    assert len(monitor.messages(mailbox_id=found.mailbox_id).items) == 1
    assert len(monitor.messages(attention=False).items) == 2
    with pytest.raises(Invalid, match="kind"):
        monitor.messages(kind="nonsense")
    with pytest.raises(NotFound):
        monitor.message(999)


def test_a_poll_by_hand_is_ordered_once_and_written_down(app: Flask) -> None:
    mailbox = a_mailbox(retry_at=now() + timedelta(hours=1))

    first, second = (orders.poll_now(mailbox.id, actor="ada@school.example") for _ in range(2))

    assert first.id == second.id
    assert first.arguments == {"mailbox_id": mailbox.id, "by": "hand"}
    assert "mailbox.poll" in db.session.scalars(select(AuditEntry.action)).all()


def test_a_mailbox_that_is_switched_off_cannot_be_polled(app: Flask) -> None:
    with pytest.raises(Conflict, match="switched off"):
        orders.poll_now(a_mailbox(enabled=False).id, actor="ada@school.example")


def test_a_message_is_settled_once(app: Flask) -> None:
    message = a_message(attention=True)

    settled = orders.settle(message.id, actor="ada@school.example")

    assert (settled.attention, settled.settled_by) == (False, "ada@school.example")
    with pytest.raises(Conflict):
        orders.settle(message.id, actor="ada@school.example")


def test_all_of_the_quarantine_is_tried_again_with_one_order(app: Flask) -> None:
    ids = {a_message(state="quarantined", quarantine_version="1").id for _ in range(3)}

    assert orders.replay_all(actor="ada@school.example") == 3
    runs = db.session.scalars(select(JobRun.arguments).where(JobRun.name == "mailboxes.process"))
    assert {each["message_id"] for each in runs} == ids
