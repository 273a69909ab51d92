"""What waits without a job gets one, once; a new release tries again what an older one could not read."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask
from sqlalchemy import select, update

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.sweep import PATIENCE, sweep
from edupulse.storage import storage
from edupulse.transaction import transaction
from edupulse.version import VERSION
from tests.mailboxes.boxes import a_mailbox

MAIL = b"From: a@example.org\r\nSubject: Hello\r\n\r\nHello\r\n"


def a_message(**values: object) -> InboundMessage:
    stored = storage().put(MAIL)
    row = {
        "mailbox_id": a_mailbox().id,
        "sha256": stored.sha256,
        "size": stored.size,
        "storage_key": stored.key,
        "stored_at": now() - PATIENCE - timedelta(seconds=1),
        **values,
    }
    with transaction() as session:
        message = InboundMessage(**row)
        session.add(message)
    return message


def jobs(name: str = "mailboxes.process") -> list[int]:
    return [
        each["message_id"] for each in db.session.scalars(select(JobRun.arguments).where(JobRun.name == name))
    ]


def test_a_message_whose_job_is_gone_gets_another_one_and_only_one(app: Flask) -> None:
    message = a_message()

    first, second = sweep(now()), sweep(now())

    assert (first["processed"], second["processed"]) == (1, 0)
    assert jobs() == [message.id]


def test_a_message_that_was_stored_this_minute_has_its_own_job(app: Flask) -> None:
    a_message(stored_at=now())

    assert sweep(now())["processed"] == 0


def test_a_job_that_is_over_without_effect_does_not_count(app: Flask) -> None:
    message = a_message()
    sweep(now())
    with transaction() as session:
        session.execute(update(JobRun).values(state="failed"))

    assert sweep(now())["processed"] == 1
    assert jobs() == [message.id, message.id]


def test_what_is_in_quarantine_is_tried_again_once_by_another_version(app: Flask) -> None:
    old = a_message(state="quarantined", quarantined_at=now(), quarantine_version="0.0.1")
    a_message(state="quarantined", quarantined_at=now(), quarantine_version=VERSION)

    assert sweep(now())["replayed"] == 1
    assert jobs() == [old.id]
    assert sweep(now())["replayed"] == 0
