"""What has become of the demo's reminders: planned, handed over, sent, and found in the capture box."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from edupulse.database import db
from edupulse.embedded.mailbox import captured, copies
from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.reminders.models import Event, Reminder


@dataclass(frozen=True)
class Outcome:
    """One reminder to one person."""

    event: str
    address: str
    due_at: datetime
    state: str  # of the reminder until it is handed over, then of its delivery
    sent_at: datetime | None
    message_id: str | None

    @property
    def is_over(self) -> bool:
        return self.state not in ("planned", "handed_over", *OPEN_STATES)

    @property
    def lateness(self) -> float | None:
        """Return the seconds between due and sent."""
        return (self.sent_at - self.due_at).total_seconds() if self.sent_at else None


@dataclass(frozen=True)
class Verdict:
    """The ledger compared with the capture box, by Message-ID."""

    expected: int
    sent: int
    arrived: int
    missing: list[str]  # addresses
    twice: list[str]  # addresses
    strangers: int  # mails in the box that the ledger does not know

    @property
    def is_good(self) -> bool:
        return self.expected == self.sent == self.arrived and not (
            self.missing or self.twice or self.strangers
        )


def outcomes(event_ids: Sequence[int]) -> list[Outcome]:
    """Return the state of every reminder of these events, in the order in which they are due."""
    wanted = (
        select(Reminder, Event.title, Delivery)
        .join(Event, Reminder.event_id == Event.id)
        .outerjoin(Delivery, Reminder.delivery_id == Delivery.id)
        .where(Reminder.event_id.in_(event_ids))
        .order_by(Reminder.due_at, Reminder.id)
    )
    found = [_outcome(reminder, title, delivery) for reminder, title, delivery in db.session.execute(wanted)]
    db.session.rollback()  # the next look must see what the workers have written since
    db.session.expire_all()
    return found


def judge(found: Sequence[Outcome], mailbox: Path) -> Verdict:
    """Compare what the ledger says with what arrived."""
    arrived = {outcome: copies(mailbox, outcome.message_id) for outcome in found if outcome.message_id}
    known = {outcome.message_id for outcome in found}
    return Verdict(
        expected=len(found),
        sent=Counter(outcome.state for outcome in found)["sent"],
        arrived=sum(1 for count in arrived.values() if count),
        missing=[outcome.address for outcome in found if not arrived.get(outcome)],
        twice=[outcome.address for outcome, count in arrived.items() if count > 1],
        strangers=sum(1 for mail in captured(mailbox) if mail.message_id not in known),
    )


def _outcome(reminder: Reminder, title: str, delivery: Delivery | None) -> Outcome:
    return Outcome(
        event=title,
        address=reminder.address,
        due_at=reminder.due_at,
        state=delivery.state if delivery else reminder.state,
        sent_at=delivery.sent_at if delivery else None,
        message_id=delivery.message_id if delivery else None,
    )
