"""What the tests of inbound nouns share: a mailbox, and messages as polling and processing leave them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from edupulse.mailboxes.event import Attachment, Correspondent, UnifiedEvent
from edupulse.mailboxes.models import InboundAction, InboundMessage, Mailbox
from edupulse.storage import storage
from edupulse.transaction import transaction

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
RAW = (
    b"From: =?utf-8?b?5byg5Lyf?= <wei@school.example>\r\nTo: office@school.example\r\nSubject: Trip\r\n"
    b"Message-ID: <1@school.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMay Li come along?\r\n"
    b"--x\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename=form.html\r\n\r\n"
    b"<script>alert(1)</script>\r\n--x--\r\n"
)


def add_mailbox(**values: Any) -> Mailbox:
    """Store a mailbox."""
    facts = {
        "name": "Office",
        "host": "imap.school.example",
        "username": "office@school.example",
        "interval_seconds": 60,
        "created_at": AT,
        "updated_at": AT,
    }
    with transaction() as session:
        mailbox = Mailbox(**(facts | values))
        session.add(mailbox)
    return mailbox


def add_message(mailbox: Mailbox, raw: bytes = RAW, **values: Any) -> InboundMessage:
    """Store a message that was processed: its bytes, its row, what the staff handler did."""
    stored = storage().put(raw)
    event = UnifiedEvent(
        sha256=stored.sha256,
        size=stored.size,
        message_id="<1@school.example>",
        subject="Trip",
        from_=(Correspondent("张伟", "wei@school.example"),),
        text="May Li come along?",
        attachments=tuple(values.pop("files", ())),
    )
    facts = {
        "sha256": stored.sha256, "size": stored.size, "storage_key": stored.key, "stored_at": AT,
        "state": "processed", "processed_at": AT, "kind": "other", "why": "nothing else fits",
        "from_address": "wei@school.example", "from_name": "张伟", "subject": "Trip", "event": event.as_json(),
    }  # fmt: skip
    with transaction() as session:
        message = InboundMessage(mailbox_id=mailbox.id, **(facts | values))
        message.actions.append(
            InboundAction(
                key="staff", handler="staff", reason="nobody else takes it", state="done",
                outcome="The staff see it.", created_at=AT, ended_at=AT,
            )
        )  # fmt: skip
        session.add(message)
    return message


def file_of(index: int, filename: str, data: bytes) -> Attachment:
    """Return what an event says about one attachment."""
    return Attachment(index, filename, "text/html", "text/html", len(data), "0" * 64)
