"""Things that are long past, one of each kind, and one of each kind that something still needs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from edupulse.clock import now
from edupulse.exports.models import Export
from edupulse.finance.models import Bill, BillReminder
from edupulse.mailboxes.models import InboundAction, InboundMessage, Mailbox
from edupulse.people.models import Person
from edupulse.reports.models import Report
from edupulse.storage import storage
from edupulse.transaction import transaction
from tests.mailboxes.boxes import a_mailbox

LONG_AGO = timedelta(days=1500)  # beyond every default


def long_ago() -> datetime:
    return now() - LONG_AGO


def a_message(mailbox: Mailbox | None = None, said: bytes = b"Dear all", **values: Any) -> InboundMessage:
    """Store a message that was dealt with long ago, with its bytes in the storage."""
    stored = storage().put(said)
    facts = {
        "mailbox_id": (mailbox or a_mailbox()).id,
        "sha256": stored.sha256,
        "size": stored.size,
        "storage_key": stored.key,
        "stored_at": long_ago(),
        "state": "processed",
        "subject": "Oil painting",
        "snippet": "Dear all",
        "event": {"text": "Dear all"},
        "attention": False,
    }
    with transaction() as session:
        message = InboundMessage(**{**facts, **values})
        session.add(message)
    return message


def an_action(message: InboundMessage, state: str) -> None:
    """Store what a handler did, or could not do, about a message."""
    with transaction() as session:
        session.add(
            InboundAction(
                message_id=message.id,
                key="reply",
                handler="reply",
                reason="",
                state=state,
                created_at=long_ago(),
            )
        )


def a_bill_reminder(
    bill_state: str, state: str = "handed_over", delivery_id: int | None = None
) -> BillReminder:
    """Store a reminder of a bill that has been as it is for long."""
    with transaction() as session:
        person = Person(name="Zoë", created_at=long_ago(), updated_at=long_ago())
        session.add(person)
        session.flush()
        number = f"2022-{person.id:05}"
        times = {"created_at": long_ago(), "updated_at": long_ago()}
        days = {"issued_on": long_ago().date(), "due_on": long_ago().date()}
        bill = Bill(number=number, person_id=person.id, title="Course", amount_minor=100, currency="EUR",
                    state=bill_state, **days, **times)  # fmt: skip
        session.add(bill)
        session.flush()
        reminder = BillReminder(bill_id=bill.id, due_on=bill.due_on, days=1, state=state,
                                delivery_id=delivery_id, created_at=long_ago())  # fmt: skip
        session.add(reminder)
    return reminder


def a_report(kind: str, starts: datetime | None = None) -> Report:
    """Store a report that says nothing."""
    begin = starts or long_ago()
    with transaction() as session:
        report = Report(kind=kind, starts_at=begin, ends_at=begin + timedelta(hours=1), timezone="UTC", figures={},
                        before={}, made_at=begin, made_by="clock")  # fmt: skip
        session.add(report)
    return report


def an_export(state: str, **values: Any) -> Export:
    """Store an export that was asked for long ago."""
    with transaction() as session:
        export = Export(**{"table": "deliveries", "format": "csv", "actor": "ada", "role": "admin", "state": state,
                           "created_at": long_ago(), **values})  # fmt: skip
        session.add(export)
    return export
