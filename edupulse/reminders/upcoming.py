"""What will be sent next: reminders that are planned, soonest first, with what may go wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from edupulse.database import db
from edupulse.mail import monitor
from edupulse.mail.suppressions import Stops, stops_for
from edupulse.reminders.models import PLANNED, Attendee, Event, Reminder


@dataclass(frozen=True)
class Upcoming:
    """One mail that will be sent, and what stands in its way, in words."""

    reminder_id: int
    due_at: datetime
    kind: str
    event_id: int
    title: str
    original: str
    starts_at: datetime
    timezone: str
    all_day: bool
    lead_minutes: int
    name: str
    address: str
    warning: str = ""


def upcoming(now: datetime, limit: int = 50) -> list[Upcoming]:
    """Return the mails that are planned, soonest first; what is due and not sent yet comes first."""
    query = (
        select(Reminder, Event.title, Event.timezone, Event.all_day, Attendee.name)
        .join(Event, Event.id == Reminder.event_id)
        .outerjoin(Attendee, Attendee.id == Reminder.attendee_id)
        .where(Reminder.state == PLANNED)
        .order_by(Reminder.due_at, Reminder.id)
        .limit(limit)
    )
    rows = db.session.execute(query).all()
    stops, general = stops_for(row.Reminder.address for row in rows), warnings(now) if rows else []
    return [_upcoming(row, stops, general) for row in rows]


def warnings(now: datetime) -> list[str]:
    """Return what would hold up every mail now: each part of the system that is down, in words."""
    return [service.summary for service in monitor.services(now) if service.state == "down"]


def _upcoming(row: Any, stops: Stops, general: Sequence[str]) -> Upcoming:
    reminder, title, timezone, all_day, name = row
    stopped = stops.reason(reminder.address, reminder.kind)
    own = [f"The address is suppressed: {stopped}"] if stopped else []
    person = reminder.notice["person"]["name"] if reminder.notice else name
    return Upcoming(
        reminder_id=reminder.id,
        due_at=reminder.due_at,
        kind=reminder.kind,
        event_id=reminder.event_id,
        title=title,
        original=reminder.original,
        starts_at=reminder.starts_at,
        timezone=timezone,
        all_day=all_day,
        lead_minutes=reminder.lead_minutes,
        name=person or "",
        address=reminder.address,
        warning=" ".join([*own, *general]),
    )
