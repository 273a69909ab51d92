"""A reminder is due: whether it is sent, and if not why not, is decided here, on time or late."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.plan import GRACE, deadline
from edupulse.reminders.snapshot import Person


@dataclass(frozen=True)
class Verdict:
    """What becomes of a due reminder; `begun` says that the mail has to speak of the past."""

    state: str  # handed_over | skipped | missed
    reason: str | None = None
    begun: bool = False


SEND = Verdict("handed_over")


def verdict(
    reminder: Reminder, event: Event, person: Person | None, now: datetime, *, nearest_lead: int
) -> Verdict:
    """Decide about one due reminder; `nearest_lead` is the smallest lead (minutes) that is due for its person.

    `person` is who is on the list of the event at its address, if anybody is.

    A reminder that the planner did not undo is normally right; what could have changed behind
    its back is asked again here, at the last moment.
    """
    if now > useful_until(reminder, event):
        return Verdict("missed", "missed")
    if reminder.kind != "reminder":
        # Who is on the list and wants to hear nothing is left in peace; who has left it is told so.
        return Verdict("skipped", person.obstacle) if person and person.obstacle else SEND
    if event.is_cancelled:
        return Verdict("skipped", "event_cancelled")
    if not event.email_reminder:
        return Verdict("skipped", "reminder_off")
    if not_for_them := person.obstacle if person else "removed":
        return Verdict("skipped", not_for_them)
    if nearest_lead < reminder.lead_minutes:
        return Verdict("skipped", "superseded")
    return Verdict("handed_over", begun=not event.all_day and reminder.starts_at < now)


def useful_until(reminder: Reminder, event: Event) -> datetime:
    """Return the instant after which the mail helps nobody.

    A reminder: see `plan.deadline`. A notice: as long as somebody may act on what it sets right.
    """
    usual = deadline(reminder.starts_at, event.timezone, event.all_day)
    if reminder.kind in ("reminder", "manual"):
        return usual
    wrong_until = datetime.fromisoformat(reminder.notice["before"]["ends_at"]) if reminder.notice else usual
    return max(usual, wrong_until + GRACE) if reminder.kind == "correction" else max(usual, reminder.ends_at)
