"""The whole story of an event's reminders: what was planned, sent or left out, for whom, when and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.models import Attempt, Delivery
from edupulse.reminders.models import Attendee, Event, Reminder
from edupulse.reminders.people import obstacle
from edupulse.reminders.reasons import words

MOST_ENTRIES = 2_000  # newest occurrences first; a page shows no more


@dataclass(frozen=True)
class Entry:
    """One mail that was or will be sent, or one person who gets none; `words` say why if it is not plain."""

    kind: str  # reminder | manual | correction | cancellation
    state: str  # of the reminder, or not_planned
    name: str
    address: str
    words: str = ""
    original: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    lead_minutes: int = 0
    due_at: datetime | None = None
    reminder_id: int | None = None
    delivery_id: int | None = None
    delivery_state: str | None = None
    sent_at: datetime | None = None
    server_said: str = ""
    attempts: int = 0

    @property
    def lateness_seconds(self) -> float | None:
        """How long after its due time the server took it."""
        return (self.sent_at - self.due_at).total_seconds() if self.sent_at and self.due_at else None


def timeline(event_id: int) -> list[Entry]:
    """Return the entries of an event, by occurrence, due time and person; those who get no mail come last.

    Four queries, however many there are; of a long series the latest MOST_ENTRIES. Raises NotFound.
    """
    event = db.session.get(Event, event_id)
    if event is None:
        raise NotFound(f"There is no event {event_id}.", event_id=event_id)
    rows = _rows(event_id)
    said = last_answers(row.delivery_id for row in rows if row.delivery_id)
    return [*(_entry(row, said) for row in rows), *_without_mail(event.attendees)]


def last_answers(delivery_ids: Iterable[int]) -> dict[int, str]:
    """Return what the server said last about each delivery: code and text."""
    latest = (
        select(func.max(Attempt.id))
        .where(Attempt.delivery_id.in_(set(delivery_ids)))
        .group_by(Attempt.delivery_id)
    )
    found = db.session.execute(
        select(Attempt.delivery_id, Attempt.code, Attempt.text).where(Attempt.id.in_(latest))
    )
    return {id: f"{code} {text}".strip() if code else text for id, code, text in found}


def _rows(event_id: int) -> Sequence[Any]:
    query = (
        select(
            Reminder, Attendee.name, Reminder.delivery_id, Delivery.state, Delivery.reason, Delivery.sent_at,
            Delivery.attempts_made,
        )
        .outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
        .outerjoin(Attendee, Attendee.id == Reminder.attendee_id)
        .where(Reminder.event_id == event_id)
        .order_by(Reminder.starts_at.desc(), Reminder.due_at.desc(), Reminder.id.desc())
        .limit(MOST_ENTRIES)
    )  # fmt: skip
    return db.session.execute(query).all()[::-1]


def _entry(row: Any, said: dict[int, str]) -> Entry:
    reminder, name, delivery_id, delivery_state, delivery_reason, sent_at, attempts = row
    person = reminder.notice["person"]["name"] if reminder.notice else name
    return Entry(
        kind=reminder.kind,
        state=reminder.state,
        name=person or "",
        address=reminder.address,
        words=words(reminder.reason) or delivery_reason or "",
        original=reminder.original,
        starts_at=reminder.starts_at,
        ends_at=reminder.ends_at,
        lead_minutes=reminder.lead_minutes,
        due_at=reminder.due_at,
        reminder_id=reminder.id,
        delivery_id=delivery_id,
        delivery_state=delivery_state,
        sent_at=sent_at,
        server_said=said.get(delivery_id, ""),
        attempts=attempts or 0,
    )


def _without_mail(people: Iterable[Attendee]) -> list[Entry]:
    blocked = ((person, obstacle(person)) for person in people)
    return [
        Entry("reminder", "not_planned", person.name, person.address or person.email, words(code))
        for person, code in blocked
        if code
    ]
