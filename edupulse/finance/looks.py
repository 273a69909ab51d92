"""When a bill is looked at next follows the settings: other days, hour or zone reach the bills that stand already."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select, text, update

from edupulse.database import db
from edupulse.finance.models import Bill
from edupulse.finance.rows import UNPAID
from edupulse.finance.stages import Calendar, agenda, calendar, next_instant
from edupulse.transaction import look_anew, transaction

# Minutes between two looks, and the minute of the first: reminders leave on the hour, so none is missed by it.
EVERY, FROM = 10, 5


def set_by_calendar(now: datetime) -> int:
    """Let bills be looked at sooner where the settings by now say so; return for how many due dates that was so.

    Every tenth minute, for settings change with a restart and are written down nowhere else. What lay before `now`
    is not made up for: who adds a stage does not write to everybody who ever owed something.
    """
    if now.minute % EVERY != FROM:
        return 0
    look_anew()
    standing = select(Bill.due_on, Bill.next_at).where(text(UNPAID), _is_not_due(now)).distinct()
    wishes = calendar()
    late = [(day, at) for day, at in db.session.execute(standing) if _is_late(day, at, wishes, now)]
    if late:
        with transaction() as session:
            for day, at in late:
                same = Bill.next_at.is_(None) if at is None else Bill.next_at == at
                sooner = update(Bill).where(text(UNPAID), Bill.due_on == day, same)
                session.execute(sooner.values(next_at=next_instant(agenda(day, wishes), now)))
    return len(late)


def _is_not_due(now: datetime) -> Any:
    return or_(Bill.next_at.is_(None), Bill.next_at > now)


def _is_late(due_on: date, next_at: datetime | None, wishes: Calendar, now: datetime) -> bool:
    """Say whether something is to do before the next look; a look too early does no harm."""
    wanted = next_instant(agenda(due_on, wishes), now)
    return wanted is not None and (next_at is None or wanted < next_at)
