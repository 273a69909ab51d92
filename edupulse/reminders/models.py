"""Events, the people who should know of them, and each reminder that is planned, sent, or not sent and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import JSON, DateTime, ForeignKey, Index, String, Text, UniqueConstraint, literal_column, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from edupulse.accounts.models import User
from edupulse.database import Model

EVENT_STATES = ("confirmed", "cancelled")
ATTENDEE_STATES = ("invited", "accepted", "tentative", "declined")
# reminder: by plan, a lead before the start; manual: by hand; correction and cancellation: to a person
# who was told something that no longer holds.
REMINDER_KINDS = ("reminder", "manual", "correction", "cancellation")
# planned -> handed_over (a delivery exists) | skipped | missed | failed | cancelled;
# cancelled -> planned again when what was taken back holds once more.
REMINDER_STATES = ("planned", "handed_over", "skipped", "missed", "failed", "cancelled")
# Written out in queries: with a parameter in its place no database sees that the partial index answers.
PLANNED = literal_column("'planned'", String)
HANDED_OVER = literal_column("'handed_over'", String)
_PLANNED = text("state = 'planned'")
_UNSETTLED = text("state = 'handed_over' AND settled_at IS NULL")
_SERIES = text("planned_until IS NOT NULL")

WallTime = DateTime(timezone=False)  # local time on the clock of the event's zone, naive on purpose


class Event(Model):
    """Something that happens at a place and time. Wall-clock times are the truth; UTC is derived."""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(255), unique=True)  # iCalendar UID
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    organizer: Mapped[str] = mapped_column(
        String(320), default=""
    )  # of an imported invitation; empty: we are
    title: Mapped[str] = mapped_column(String(300))
    description: Mapped[str] = mapped_column(Text, default="")
    starts_local: Mapped[datetime] = mapped_column(WallTime)
    ends_local: Mapped[datetime] = mapped_column(WallTime)  # all-day: the midnight after the last day
    starts_at: Mapped[datetime] = mapped_column(index=True)  # UTC, of the first occurrence
    ends_at: Mapped[datetime]
    last_ends_at: Mapped[datetime | None] = mapped_column(
        index=True
    )  # end of the last occurrence, once known
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
    notification_sent: Mapped[bool] = mapped_column(default=False)  # everyone due has been told, see told.py
    state: Mapped[str] = mapped_column(String(20), default="confirmed")
    sequence: Mapped[int] = mapped_column(
        default=0
    )  # iCalendar SEQUENCE: higher with each time, place or state
    revision: Mapped[int] = mapped_column(default=0)  # higher with each saving; part of the key of a notice
    planned_until: Mapped[datetime | None]  # a series is planned up to here; none: nothing more to plan
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="event", cascade="all, delete-orphan", order_by="Attendee.id"
    )

    owner: Mapped[User | None] = relationship()

    __table_args__ = (
        Index("ix_event_planned_until", "planned_until", sqlite_where=_SERIES, postgresql_where=_SERIES),
    )

    @property
    def exdate_times(self) -> tuple[datetime, ...]:
        return tuple(datetime.fromisoformat(each) for each in self.exdates)

    @property
    def rdate_times(self) -> tuple[datetime, ...]:
        return tuple(datetime.fromisoformat(each) for each in self.rdates)

    @property
    def is_series(self) -> bool:
        return bool(self.rrule or self.rdates)

    @property
    def is_cancelled(self) -> bool:
        return self.state == "cancelled"

    @property
    def last_day(self) -> date:
        """The last day, included, as a person would write it."""
        shown = self.ends_local - timedelta(days=1) if self.all_day else self.ends_local
        return max(shown, self.starts_local).date()


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
    status: Mapped[str] = mapped_column(String(20), default="invited")  # one of ATTENDEE_STATES

    event: Mapped[Event] = relationship(back_populates="attendees")


class LastWord(Model):
    """The newest calendar message of one person about one event or instance: an older one comes too late.

    The order is that of RFC 5546 section 2.1.5: SEQUENCE, then DTSTAMP.
    """

    __tablename__ = "calendar_last_word"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(
        String(320), primary_key=True
    )  # normalised; who organises or answers
    instance: Mapped[str] = mapped_column(String(80), primary_key=True, default="")  # "": all of the event
    sequence: Mapped[int]
    stamped_at: Mapped[datetime | None]


class Reminder(Model):
    """One mail about one occurrence to one person: planned with a lead, by hand, or to set right."""

    __tablename__ = "reminder"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id", ondelete="CASCADE"))
    attendee_id: Mapped[int | None] = mapped_column(
        ForeignKey("attendee.id", ondelete="SET NULL"), index=True
    )
    address: Mapped[str] = mapped_column(
        String(320)
    )  # normalised; part of the key, so a person is one person
    kind: Mapped[str] = mapped_column(String(20), default="reminder")
    original: Mapped[str] = mapped_column(String(40))  # local ISO start by the rule: names the occurrence
    # RECURRENCE-ID in the person's calendar: the occurrence's name when they were first told of it.
    instance: Mapped[str] = mapped_column(String(40))
    starts_at: Mapped[datetime]  # what the mail says
    ends_at: Mapped[datetime]
    location: Mapped[str] = mapped_column(
        String(500), default=""
    )  # what the mail said, set when it is handed over
    lead_minutes: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)  # notice: of the event; manual: the minute; planned: 0
    replaced: Mapped[int] = mapped_column(default=0)  # how often its mail was taken back and written anew
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(20), default="planned")
    reason: Mapped[str | None] = mapped_column(String(300))  # why skipped, missed, failed or cancelled
    notice: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # what a correction sets right, and for whom
    delivery_id: Mapped[int | None] = mapped_column(
        ForeignKey("delivery.id", ondelete="SET NULL"), index=True
    )
    created_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]  # its outcome is counted in the event's notification_sent

    event: Mapped[Event] = relationship()

    __table_args__ = (
        UniqueConstraint(
            "event_id", "starts_at", "address", "kind", "lead_minutes", "revision", name="uq_reminder_once"
        ),
        # The due query looks only at what is planned: microseconds at a million rows.
        Index("ix_reminder_due", "due_at", sqlite_where=_PLANNED, postgresql_where=_PLANNED),
        Index("ix_reminder_unsettled", "claimed_at", sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED),
    )
