"""The reminders of one event that are not over are read here, each with what became of its mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.reminders.models import PLANNED, Reminder
from edupulse.reminders.plan import GRACE

WITHDRAWN = "withdrawn"  # state of a line, never of a row: its mail was taken back a moment ago
NOT_TOLD = ("cancelled", "rejected", "suppressed", "bounced")  # in doubt (unknown) counts as told
Key = tuple[datetime, str, int]  # start, address, lead: what makes a planned reminder this one


@dataclass(frozen=True)
class Line:
    """One reminder and the state of its delivery."""

    id: int
    kind: str
    original: str
    instance: str
    starts_at: datetime
    ends_at: datetime
    location: str
    address: str
    lead_minutes: int
    due_at: datetime
    state: str
    reason: str | None
    replaced: int
    claimed_at: datetime | None
    delivery_id: int | None
    delivery_kind: str | None
    delivery_subject: str | None
    delivery_state: str | None

    @property
    def key(self) -> Key:
        return self.starts_at, self.address, self.lead_minutes

    @property
    def is_planned(self) -> bool:
        return self.state == "planned"

    @property
    def was_undone(self) -> bool:
        return self.state in ("cancelled", WITHDRAWN)

    @property
    def is_on_its_way(self) -> bool:
        return self.state == "handed_over" and self.delivery_state in OPEN_STATES

    @property
    def has_told(self) -> bool:
        """Say whether the person knows, or may know, what it says; a mail that is kept no more had its time."""
        return self.state == "handed_over" and self.delivery_state not in NOT_TOLD


def hold(session: Session, event_id: int) -> None:
    """Keep every check from what is planned of the event until the transaction ends.

    Before anything of the event is written: a check that has claimed some of it then ends first, and
    never waits for us while we wait for it.
    """
    planned = select(Reminder.id).where(Reminder.event_id == event_id, Reminder.state == PLANNED)
    session.execute(planned.with_for_update()).all()


def read(session: Session, event_id: int, now: datetime) -> list[Line]:
    """Return the reminders of the event that are planned or of what is not over, oldest first."""
    query = (
        select(*_COLUMNS)
        .outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
        .where(Reminder.event_id == event_id, or_(Reminder.ends_at >= now - GRACE, Reminder.state == PLANNED))
        .order_by(Reminder.id)
    )
    found: Sequence[Any] = session.execute(query).all()
    return [Line(*row) for row in found]


_COLUMNS = (
    Reminder.id,
    Reminder.kind,
    Reminder.original,
    Reminder.instance,
    Reminder.starts_at,
    Reminder.ends_at,
    Reminder.location,
    Reminder.address,
    Reminder.lead_minutes,
    Reminder.due_at,
    Reminder.state,
    Reminder.reason,
    Reminder.replaced,
    Reminder.claimed_at,
    Reminder.delivery_id,
    Delivery.kind,
    Delivery.subject_id,
    Delivery.state,
)
