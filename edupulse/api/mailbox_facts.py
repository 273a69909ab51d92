"""What programs are told about a mailbox; its secrets are never among it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.schema import Shown
from edupulse.mailboxes import drafts, monitor
from edupulse.mailboxes.monitor import Listed


class Health(Shown):
    """How a mailbox does: ok, new, retrying, stopped, disabled or late, in words, and what to do."""

    state: str
    words: str
    cure: str
    lag_seconds: float | None
    next_poll_at: datetime | None


class Entered(Shown):
    """What a person entered about a mailbox, without its secrets."""

    name: str
    host: str
    port: int
    security: str
    username: str
    auth: str
    tenant: str
    client_id: str
    folder: str
    address: str
    interval_seconds: int
    enabled: bool
    after_action: str
    move_to: str
    staff: list[str]
    largest_bytes: int


class Course(Shown):
    """How far a mailbox was read, and when."""

    revision: int
    backlog: int
    polled_at: datetime | None
    succeeded_at: datetime | None
    received_at: datetime | None
    stopped_at: datetime | None
    audited_at: datetime | None
    audit: dict[str, int]
    created_at: datetime
    updated_at: datetime


class Mailbox(Course, Entered):
    """A mailbox that is read, how it does, and the numbers of its messages."""

    id: int
    health: Health
    messages: int
    quarantined: int
    attention: int


def facts_of_mailbox(listed: Listed) -> dict[str, Any]:
    """Return what is known of a mailbox."""
    mailbox, entered = listed.mailbox, drafts.draft_of(listed.mailbox)
    return {
        "id": mailbox.id,
        **{name: getattr(entered, name) for name in Entered.model_fields},
        **{name: getattr(mailbox, name) for name in Course.model_fields},
        "health": listed.health,
        "messages": listed.messages,
        "quarantined": listed.quarantined,
        "attention": listed.attention,
    }


def shown(mailbox_id: int) -> dict[str, Any]:
    """Return what is known of the mailbox of a number. Raises NotFound."""
    return facts_of_mailbox(monitor.one(mailbox_id))
