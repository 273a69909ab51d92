"""Events, the people who should know of them, and each reminder that is planned, sent, or was not, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.database import Model

EVENT_STATES = ("confirmed", "cancelled")
# planned -> handed_over (a delivery exists) | skipped | missed | cancelled
REMINDER_STATES = ("planned", "handed_over", "skipped", "missed", "cancelled")
_PLANNED = text("state = 'planned'")

WallTime = DateTime(timezone=False)  # local time on the clock of the event's zone, naive on purpose


class Event(Model):
    """Something that happens at a place and time. Wall-clock times are the truth; UTC is derived."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(255), unique=True)  # iCalendar UID
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text, default="")
    starts_local: Mapped[datetime] = mapped_column(WallTime)
    ends_local: Mapped[datetime] = mapped_column(WallTime)
    starts_at: Mapped[datetime] = mapped_column(index=True)  # UTC, of the first occurrence
    ends_at: Mapped[datetime]
    all_day: Mapped[bool] = mapped_column(default=False)
    timezone: Mapped[str] = mapped_column(String(64))
    rrule: Mapped[str | None] = mapped_column(String(500))
    exdates: Mapped[list[str]] = mapped_column(JSON, default=list)  # local ISO times
    rdates: Mapped[list[str]] = mapped_column(JSON, default=list)
    # original local ISO start -> {"starts", "ends", "cancelled", "location"}
    overrides: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    location: Mapped[str] = mapped_column(String(500), default="")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    email_reminder: Mapped[bool] = mapped_column(default=True)
    leads: Mapped[list[int]] = mapped_column(JSON, default=list)  # minutes; empty: the organisation's default
    notification_sent: Mapped[bool] = mapped_column(default=False)  # everyone due has been told
    state: Mapped[str] = mapped_column(String(20), default="confirmed")
    sequence: Mapped[int] = mapped_column(default=0)  # iCalendar SEQUENCE, higher with each change
    planned_until: Mapped[datetime | None]  # a series is planned up to here
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="event", cascade="all, delete-orphan", order_by="Attendee.id"
    )


class Attendee(Model):
    """A person of one event; the address may be missing, which is a reason, not an error."""

    __tablename__ = "attendee"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    email: Mapped[str] = mapped_column(String(320), default="")  # as written
    address: Mapped[str] = mapped_column(String(320), default="", index=True)  # normalised, for comparing
    locale: Mapped[str] = mapped_column(String(10), default="en")
    timezone: Mapped[str | None] = mapped_column(String(64))  # theirs, where it differs
    wants_mail: Mapped[bool] = mapped_column(default=True)
    status: Mapped[str] = mapped_column(String(20), default="invited")  # invited | accepted | declined

    event: Mapped[Event] = relationship(back_populates="attendees")


class Reminder(Model):
    """One reminder of one occurrence to one person with one lead."""

    __tablename__ = "reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), index=True)
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id", ondelete="SET NULL"))
    address: Mapped[str] = mapped_column(
        String(320)
    )  # normalised; part of the key, so a person is one person
    original: Mapped[str] = mapped_column(String(40))  # local ISO start by the rule: names the occurrence
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    lead_minutes: Mapped[int]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="planned")
    reason: Mapped[str | None] = mapped_column(String(300))  # why skipped, missed or cancelled
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("delivery.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]

    event: Mapped[Event] = relationship()

    __table_args__ = (
        UniqueConstraint(
            "event_id", "original", "starts_at", "address", "lead_minutes", name="uq_reminder_once"
        ),
        # The due query looks only at what is planned: microseconds at a million rows.
        Index("ix_reminder_due", "due_at", sqlite_where=_PLANNED, postgresql_where=_PLANNED),
    )
