"""Mailboxes, messages and rules for the pages, made in one line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from edupulse.clock import now
from edupulse.mailboxes.event import Attachment, Classification, Correspondent, UnifiedEvent
from edupulse.mailboxes.models import InboundAction, InboundMessage, InboundRule, Mailbox
from edupulse.storage import storage
from edupulse.transaction import transaction

_numbers = count(1)
SECRET = "the sealed password 4711"
RAW = (
    b"From: Zoe <zoe@school.example>\r\nTo: office@school.example\r\nSubject: My drawing\r\n"
    b"Message-ID: <a1@school.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\nHere it is.\r\n"
    b'--b\r\nContent-Type: text/html\r\nContent-Disposition: attachment; filename="page.html"\r\n\r\n'
    b"<script>alert(1)</script>\r\n--b--\r\n"
)


def a_mailbox(name: str = "Office", **values: Any) -> Mailbox:
    """Store a mailbox that was read a minute ago."""
    moment = now()
    facts: dict[str, Any] = {
        "host": "imap.school.example",
        "username": "office@school.example",
        "password_sealed": SECRET,
        "oauth_sealed": SECRET,
        "interval_seconds": 60,
        "created_at": moment - timedelta(days=1),
        "updated_at": moment,
        "polled_at": moment - timedelta(seconds=20),
        "succeeded_at": moment - timedelta(seconds=20),
        "received_at": moment - timedelta(minutes=5),
    }
    with transaction() as session:
        mailbox = Mailbox(name=name, **{**facts, **values})
        session.add(mailbox)
    return mailbox


def says(**values: Any) -> UnifiedEvent:
    """Return what Zoë writes to the office."""
    facts: dict[str, Any] = {
        "sha256": sha256(RAW).hexdigest(),
        "size": len(RAW),
        "message_id": "<a1@school.example>",
        "subject": "My drawing",
        "from_": (Correspondent("Zoë", "zoe@school.example"),),
        "to": (Correspondent("Office", "office@school.example"),),
        "text": "Here it is.\n\n> How do you do?",
        "reply_text": "Here it is.",
        "html": "<p id=p>Here it <b>is</b>.</p>",
        "attachments": (Attachment(1, "page.html", "text/html", "text/html", 27, "0" * 64),),
        "headers": {"list-id": ("<parents.school.example>",)},
        "auth": {"spf": "pass", "dkim": "fail"},
        "classification": Classification("other", 0.9, ("nobody else wants it",)),
    }
    return UnifiedEvent(**{**facts, **values})


def a_message(
    mailbox: Mailbox, said: UnifiedEvent | None = None, *, raw: bytes = RAW, **values: Any
) -> InboundMessage:
    """Store a message of Zoë's that was read and dealt with; its bytes are in storage."""
    number, moment = next(_numbers), now()
    said = said or says()
    facts: dict[str, Any] = {
        "sha256": f"{number:064x}",
        "size": len(raw),
        "storage_key": storage().put(raw).key,
        "internal_date": moment - timedelta(minutes=5),
        "stored_at": moment - timedelta(minutes=4),
        "processed_at": moment - timedelta(minutes=4),
        "state": "processed",
        "kind": said.classification.kind,
        "why": "nobody else wants it",
        "from_address": said.author.address,
        "from_name": said.author.name,
        "subject": said.subject,
        "message_id": said.message_id,
        "snippet": said.reply_text[:200],
        "attachments": len(said.attachments),
        "event": said.as_json(),
    }
    with transaction() as session:
        message = InboundMessage(mailbox_id=mailbox.id, **{**facts, **values})
        session.add(message)
    return message


def a_poison(mailbox: Mailbox, **values: Any) -> InboundMessage:
    """Store a message that could not be read."""
    facts = {
        "state": "quarantined",
        "event": None,
        "kind": None,
        "subject": "",
        "tries": 3,
        "quarantined_at": now(),
        "quarantine_reason": "ValueError: too deep",
        "quarantine_traceback": "Traceback: in parse, line 7",
        "quarantine_version": "0.1.0",
        "attention": True,
    }
    return a_message(mailbox, **{**facts, **values})


def an_action(message: InboundMessage, handler: str = "staff", **values: Any) -> InboundAction:
    """Store what a handler did about a message."""
    facts = {
        "key": handler,
        "reason": "nobody else takes it",
        "state": "done",
        "created_at": now(),
        "ended_at": now(),
    }
    with transaction() as session:
        action = InboundAction(message_id=message.id, handler=handler, **{**facts, **values})
        session.add(action)
    return action


def a_rule(name: str = "Absences", **values: Any) -> InboundRule:
    """Store a rule about the subject."""
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    facts: dict[str, Any] = {
        "position": next(_numbers),
        "conditions": [{"field": "subject", "test": "contains", "value": "absent"}],
        "action": "handler:staff",
        "created_at": moment,
        "updated_at": moment,
    }
    with transaction() as session:
        rule = InboundRule(name=name, **{**facts, **values})
        session.add(rule)
    return rule
