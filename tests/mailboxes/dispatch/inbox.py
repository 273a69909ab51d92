"""Mailboxes and stored messages, made in one line each."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

from sqlalchemy import select

from edupulse.clock import now
from edupulse.database import db
from edupulse.mailboxes.event import Classification, Correspondent, UnifiedEvent
from edupulse.mailboxes.handling import Inbound
from edupulse.mailboxes.models import InboundAction, InboundMessage, Mailbox
from edupulse.mailboxes.processing.process import process
from edupulse.storage import storage
from edupulse.transaction import transaction

OFFICE = "office@school.example"


def a_mailbox(**values: Any) -> Mailbox:
    """Store a mailbox of the office; nobody is mailed about what arrives unless `staff` says so."""
    facts = {
        "name": "Office", "host": "imap.school.example", "username": OFFICE, "interval_seconds": 60,
        "created_at": now(), "updated_at": now(), "staff": [],
    }  # fmt: skip
    with transaction() as session:
        mailbox = Mailbox(**{**facts, **values})
        session.add(mailbox)
        session.flush()
    return mailbox


def the_mailbox() -> Mailbox:
    return db.session.scalar(select(Mailbox)) or a_mailbox()


def a_mail(text: str = "When does the class begin?", **headers: str) -> bytes:
    """Return a mail to the office; `headers` are written with underscores: In_Reply_To."""
    mail = EmailMessage()
    usual = {
        "From": "Zoë <zoe@school.example>", "To": OFFICE, "Subject": "A question",
        "Date": "Thu, 12 Mar 2026 08:00:00 +0000", "Message_ID": "<question@home.example>",
    }  # fmt: skip
    for name, value in {**usual, **headers}.items():
        if value:
            mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return bytes(mail)


def store(data: bytes, mailbox: Mailbox | None = None, **values: Any) -> int:
    """Store a message as a poll does; return its id."""
    stored = storage().put(data)
    with transaction() as session:
        row = InboundMessage(
            mailbox_id=(mailbox or the_mailbox()).id,
            sha256=stored.sha256,
            size=stored.size,
            storage_key=stored.key,
            stored_at=now(),
            **values,
        )
        session.add(row)
        session.flush()
        return row.id


def arrive(data: bytes, mailbox: Mailbox | None = None, **values: Any) -> InboundMessage:
    """Store a message and process it; return its row as it is then."""
    message_id = store(data, mailbox, **values)
    process(message_id)
    return row_of(message_id)


def row_of(message_id: int) -> InboundMessage:
    db.session.expire_all()
    return db.session.get_one(InboundMessage, message_id)


def actions_of(message_id: int) -> list[InboundAction]:
    db.session.expire_all()
    wanted = select(InboundAction).where(InboundAction.message_id == message_id).order_by(InboundAction.id)
    return list(db.session.scalars(wanted))


def the_action(message_id: int) -> InboundAction:
    (action,) = actions_of(message_id)
    return action


def an_event(**values: Any) -> UnifiedEvent:
    """Return what a plain mail says."""
    facts = {
        "sha256": "0" * 64, "size": 100, "message_id": "<question@home.example>", "subject": "A question",
        "from_": (Correspondent("Zoë", "zoe@school.example"),), "to": (Correspondent("", OFFICE),),
        "text": "When does the class begin?", "reply_text": "When does the class begin?",
    }  # fmt: skip
    return UnifiedEvent(**{**facts, **values})


def an_inbound(event: UnifiedEvent | None = None, *, kind: str = "", **values: Any) -> Inbound:
    """Return a message as handlers get it, of no row."""
    event = event or an_event(**({"classification": Classification(kind)} if kind else {}))
    facts = {
        "id": 1, "mailbox_id": 1, "event": event, "own_address": OFFICE,
        "read_raw": lambda: b"", "read_attachment": lambda index: b"",
    }  # fmt: skip
    return Inbound(**{**facts, **values})
