"""Old events leave here: those that are over, of which nothing waits; their mails stay in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, or_, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.mail.models import OPEN_STATES, Delivery
from edupulse.reminders.models import Event, Reminder
from edupulse.transaction import transaction

KEPT_DAYS = 30
LONGEST_KEPT = 36_500  # days: a hundred years, well within the calendar
AT_ONCE = 100  # events in one transaction
SHOWN = 50  # events named in the report


@dataclass(frozen=True)
class OldEvent:
    """One event that goes."""

    id: int
    title: str
    ended_at: datetime | None


@dataclass(frozen=True)
class CleanupReport:
    """What was removed, or would be on a dry run; `shown` names the oldest of the events."""

    dry_run: bool
    events: int
    reminders: int
    shown: list[OldEvent] = field(default_factory=list)


def cleanup(
    older_than_days: int = KEPT_DAYS, dry_run: bool = True, *, actor: str = "system"
) -> CleanupReport:
    """Remove events that ended more than `older_than_days` ago, with their people and reminders.

    An event stays while a reminder of it is planned, or a mail is on its way or in doubt.
    Raises Invalid for less than a day, or more than a hundred years.
    """
    if not 1 <= older_than_days <= LONGEST_KEPT:
        raise Invalid(
            f"{older_than_days} days are too {'few' if older_than_days < 1 else 'many'}.",
            cure=f"Keep events for at least one day and at most {LONGEST_KEPT:,}.",
            field="older_than_days",
        )
    before = now() - timedelta(days=older_than_days)
    report = _report(before, dry_run)
    if not dry_run:
        while _remove_some(before, actor):
            pass
    return report


def _report(before: datetime, dry_run: bool) -> CleanupReport:
    with transaction() as session:
        old = select(Event.id, Event.title, Event.last_ends_at).where(*_old(before))
        count = session.scalar(select(func.count()).select_from(old.subquery())) or 0
        of_them = Reminder.event_id.in_(select(Event.id).where(*_old(before)))
        reminders = session.scalar(select(func.count()).where(of_them)) or 0
        shown = session.execute(old.order_by(Event.last_ends_at, Event.id).limit(SHOWN))
        return CleanupReport(dry_run, count, reminders, [OldEvent(*row) for row in shown])


def _remove_some(before: datetime, actor: str) -> int:
    with transaction() as session:
        ids = session.scalars(select(Event.id).where(*_old(before)).order_by(Event.id).limit(AT_ONCE)).all()
        _remove(session, ids, actor)
    return len(ids)


def _remove(session: Session, ids: Sequence[int], actor: str) -> None:
    if ids:
        session.execute(delete(Event).where(Event.id.in_(ids)))  # people and reminders go with them
        record(actor, "events.cleanup", "events", count=len(ids), first=ids[0], last=ids[-1])


def _old(before: datetime) -> tuple[ColumnElement[bool], ...]:
    waiting = (
        select(Reminder.id)
        .outerjoin(Delivery, Delivery.id == Reminder.delivery_id)
        .where(
            Reminder.event_id == Event.id,
            or_(Reminder.state == "planned", Delivery.state.in_((*OPEN_STATES, "unknown"))),
        )
    )
    return Event.last_ends_at < before, ~exists(waiting)
