"""What programs are told about a mail: in a list, and with every try at it and what follows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from edupulse.accounts.audit import entries_of
from edupulse.api.answers import facts_of
from edupulse.api.gate import caller
from edupulse.api.schema import Shown
from edupulse.mail.models import Delivery as DeliveryRow
from edupulse.mail.timeline import entry_of
from edupulse.notifications.withheld import content_for

# Of edupulse.mail.models.STATES, which a test compares
DeliveryState = Literal[
    "", "queued", "sending", "sent", "deferred", "rejected", "unknown", "suppressed", "cancelled", "bounced"
]


class Delivery(Shown):
    """One mail to one person; `reason` says why it is in its state. A campaign's subject is its template's."""

    id: int
    kind: str
    subject_id: str
    mailing_id: int | None
    address: str
    recipient_name: str
    locale: str
    subject: str
    message_id: str
    state: str
    reason: str | None
    tries: int
    accepted_at: datetime
    due_at: datetime
    next_attempt_at: datetime
    expires_at: datetime | None
    sent_at: datetime | None


class Attempt(Shown):
    """One try: when, by whom, how far it came, what the server said, and how long it took."""

    at: datetime
    worker: str
    server: str
    phase: str
    verdict: str
    cause: str
    code: int | None
    enhanced: str
    text: str
    ms: int


class MailContent(Shown):
    """What the mail says to its reader; `problem` tells why that cannot be shown."""

    subject: str
    text: str
    html: str
    problem: str


class DeliveryAct(Shown):
    """What a person did about it."""

    at: datetime
    actor: str
    action: str
    detail: dict[str, Any]


class DeliveryStory(Delivery):
    """A mail in full: every try, what happens next in words, what it says, and what people did about it."""

    attempts: list[Attempt]
    next: str
    content: MailContent
    history: list[DeliveryAct]


def story_of(delivery: DeliveryRow) -> dict[str, Any]:
    """Return all there is to know of a mail."""
    entry = entry_of(delivery)
    return {
        **facts_of(delivery, Delivery),
        "attempts": [facts_of(each, Attempt) for each in entry.attempts],
        "next": entry.next,
        "content": facts_of(content_for(delivery, caller()), MailContent),
        "history": [facts_of(each, DeliveryAct) for each in entries_of(f"delivery:{delivery.id}")],
    }
