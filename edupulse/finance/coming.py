"""What will be sent next: for each bill that is not paid, its next reminder and when it leaves."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text

from edupulse import clock
from edupulse.database import db
from edupulse.finance.models import Bill
from edupulse.finance.rows import UNPAID
from edupulse.finance.stages import agenda, calendar
from edupulse.people.models import Person

READ_AT_ONCE = 200  # rows; mostly the first few of them are enough


@dataclass(frozen=True, order=True)
class ComingReminder:
    """A reminder that leaves at `at` (UTC) unless its bill is paid before.

    `days` are those before the due date, below zero after it.
    """

    at: datetime
    bill_id: int
    days: int
    number: str
    title: str
    name: str
    address: str
    open_minor: int
    currency: str


def coming(limit: int = 50, now: datetime | None = None) -> list[ComingReminder]:
    """Return the next reminders, soonest first, one of each bill; who cannot be written to is not among them."""
    moment, wishes = now or clock.now(), calendar()
    found: list[ComingReminder] = []
    rows = db.session.execute(_unpaid().execution_options(yield_per=READ_AT_ONCE))
    for row in rows:
        # Nothing of the bills that follow leaves before their own next instant.
        if len(found) == limit and found[-1].at < row.next_at:
            break
        stages = agenda(row.due_on, wishes).stages
        if upcoming := [(at, days) for at, days in stages if at > moment]:
            insort(found, _reminder(row, *upcoming[0]))
            del found[limit:]
    rows.close()
    return found


def _unpaid() -> Any:
    facts = (Bill.id, Bill.number, Bill.title, Bill.due_on, Bill.next_at, Bill.currency)
    still = (Bill.amount_minor - Bill.paid_minor).label("open_minor")
    query = select(*facts, still, Person.name, Person.email).join(Person, Person.id == Bill.person_id)
    wanted = (Bill.next_at.is_not(None), Bill.remind, Person.active, Person.email.is_not(None))
    return query.where(text(UNPAID), *wanted).order_by(Bill.next_at, Bill.id)


def _reminder(row: Any, at: datetime, days: int) -> ComingReminder:
    return ComingReminder(
        at=at,
        bill_id=row.id,
        days=days,
        number=row.number,
        title=row.title,
        name=row.name,
        address=row.email,
        open_minor=row.open_minor,
        currency=row.currency,
    )
