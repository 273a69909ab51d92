"""What programs are told about a received message; what it says is for those who may act."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.gate import caller
from edupulse.api.job_facts import Job, facts_of_run
from edupulse.api.schema import Shown
from edupulse.mailboxes import monitor
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.monitor import Message as Whole


class Message(Shown):
    """A received message in short. Its `snippet` is empty for viewers."""

    id: int
    mailbox_id: int
    state: str
    kind: str | None
    why: str | None
    from_address: str
    from_name: str
    subject: str
    message_id: str
    snippet: str
    attachments: int
    defects: int
    size: int
    delivery_id: int | None
    is_verified: bool
    attention: bool
    attention_why: str | None
    settled_at: datetime | None
    settled_by: str | None
    sent_at: datetime | None
    internal_date: datetime | None
    stored_at: datetime
    processed_at: datetime | None


class MessageAction(Shown):
    """What one handler did about a message, and why it was the one."""

    id: int
    handler: str
    rule: str
    reason: str
    state: str
    tries: int
    outcome: str
    detail: dict[str, Any]
    created_at: datetime
    ended_at: datetime | None


class Answered(Shown):
    """The mail of ours that a message answers."""

    delivery_id: int
    address: str


class Quarantine(Shown):
    """Why a message is set aside; the traceback is null for viewers."""

    at: datetime | None
    reason: str | None
    version: str | None
    tries: int
    traceback: str | None


class MessageInFull(Message):
    """A message with all that it says (null for viewers), what was done about it, and what it belongs to."""

    event: UnifiedEvent | None
    actions: list[MessageAction]
    answers: Answered | None
    thread: list[Message]
    runs: list[Job]
    quarantine: Quarantine | None


def reads_letters() -> bool:
    """Say whether who calls may read what people wrote."""
    return caller().may("operator")


def facts_of_message(row: InboundMessage, *, may_read: bool) -> dict[str, Any]:
    """Return the facts of a message in short."""
    facts = facts_of(row, Message)
    return facts if may_read else facts | {"snippet": ""}


def shown(message_id: int, *, may_read: bool) -> dict[str, Any]:
    """Return everything about the message of a number. Raises NotFound."""
    message = monitor.message(message_id)
    delivery = message.delivery
    return {
        **facts_of_message(message.row, may_read=may_read),
        "event": message.event.as_json() if message.event and may_read else None,
        "actions": [facts_of(each, MessageAction) for each in message.actions],
        "answers": {"delivery_id": delivery.id, "address": delivery.address} if delivery else None,
        "thread": [facts_of_message(each, may_read=may_read) for each in message.thread],
        "runs": [facts_of_run(run) for run in message.runs],
        "quarantine": _quarantine(message, may_read),
    }


def _quarantine(message: Whole, may_read: bool) -> dict[str, Any] | None:
    row = message.row
    if row.state != "quarantined":
        return None
    return {
        "at": row.quarantined_at,
        "reason": row.quarantine_reason,
        "version": row.quarantine_version,
        "tries": row.tries,
        "traceback": row.quarantine_traceback if may_read else None,
    }
