"""The dates that took place in a period, and the mails about events that were accepted in it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from edupulse.counting import spans
from edupulse.database import db
from edupulse.mail.models import STATES
from edupulse.reminders.models import Event
from edupulse.reminders.plan import facts_of, occurrences
from edupulse.reports.of_mail import by_kind

NOTICES = ("correction", "cancellation")
FAILED = ("rejected", "bounced", "unknown")
NO_LEAD = 0  # minutes; only the dates are asked for


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return how many dates began in the period, and the reminders and notices that were accepted in it."""
    found = by_kind(begin, end)
    return {
        "dates": len(_starts(begin, end)),
        "reminders": _total(found, kinds=("reminder",)),
        "notices": _total(found, kinds=NOTICES),
        "failed": _total(found, kinds=("reminder", *NOTICES), states=FAILED),
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many dates began in each part."""
    starts = _starts(edges[0], edges[-1])
    return [bisect_left(starts, end) - bisect_left(starts, begin) for begin, end in spans(edges)]


def _starts(begin: datetime, end: datetime) -> list[datetime]:
    """Return when each date of the period began, the earliest first; what was cancelled is not among them."""
    may_fall_in = select(Event).where(
        Event.starts_at < end,
        or_(Event.last_ends_at.is_(None), Event.last_ends_at >= begin),
        Event.state == "confirmed",
    )
    return sorted(
        each.starts_at
        for event in db.session.scalars(may_fall_in)
        for each in occurrences(facts_of(event, NO_LEAD), begin, end)
        if begin <= each.starts_at < end
    )


def _total(found: Counter[tuple[str, str]], *, kinds: Sequence[str], states: Sequence[str] = STATES) -> int:
    return sum(number for (kind, state), number in found.items() if kind in kinds and state in states)
