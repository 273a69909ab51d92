"""`/reminders`: what comes next; due ones handed over now, and old events cleared away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Query, Shown
from edupulse.clock import now
from edupulse.reminders import cleanup as old
from edupulse.reminders import orders, upcoming
from edupulse.reminders.cleanup import CleanupReport

noun = Noun("reminders", __name__, url_prefix="/reminders")


class HowManyReminders(Query):
    """How many reminders."""

    limit: int = Field(20, ge=1, le=1_000)


class UpcomingReminder(Shown):
    """A mail that will be sent, and in words what stands in its way."""

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
    warning: str


class ReminderCounts(Shown):
    """How many reminders were due, and what became of them."""

    due: int
    handed_over: int
    skipped: int
    missed: int
    failed: int


class Cleanup(Body):
    """Which events are old, in days since their end. Without `dry_run` false nothing is removed."""

    older_than_days: int = Field(old.KEPT_DAYS, ge=1, le=old.LONGEST_KEPT)
    dry_run: bool = True


class ClearedEvent(Shown):
    """One event that goes."""

    id: int
    title: str
    ended_at: datetime | None


class Cleared(Shown):
    """How many events and reminders were removed, or would be on a dry run; `shown` names the oldest events."""

    dry_run: bool
    events: int
    reminders: int
    shown: list[ClearedEvent]


@noun.get("/upcoming/", query=HowManyReminders, gives=ListOf[UpcomingReminder])
def list_upcoming(query: HowManyReminders) -> dict[str, Any]:
    """List what will be sent next, soonest first; what is due and not sent yet comes first."""
    return {"items": [facts_of(each, UpcomingReminder) for each in upcoming.upcoming(now(), query.limit)]}


@noun.post("/check/", gives=ReminderCounts)
@unkeyed  # it commits in batches; done again it finds nothing more to do
def check() -> dict[str, int]:
    """Hand over every reminder that is due; the clock does so by itself."""
    return orders.check_now(actor=actor())


@noun.post("/cleanup/", body=Cleanup, gives=Cleared)
@unkeyed  # it commits in batches; done again it finds nothing more to do
def cleanup(body: Cleanup) -> CleanupReport:
    """List, or with `dry_run` false remove, events that are over and settled; their mails stay on record."""
    return old.cleanup(body.older_than_days, body.dry_run, actor=actor())
