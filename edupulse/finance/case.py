"""One reminder with what has to be known to decide on it and to write it: its bill and its person, as plain facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.finance.models import Bill, BillReminder
from edupulse.people.models import Person


@dataclass(frozen=True)
class Case:
    """`planned_for` is the due date for which it was planned, `due_on` the bill's by now."""

    reminder_id: int
    planned_for: date
    days: int
    by_hand: str
    bill_id: int
    number: str
    title: str
    note: str
    amount_minor: int
    paid_minor: int
    currency: str
    due_on: date
    state: str
    remind: bool
    name: str
    email: str | None
    locale: str
    active: bool
    earlier_id: int | None = None  # its mail that was taken back

    @property
    def open_minor(self) -> int:
        return self.amount_minor - self.paid_minor


_COLUMNS = (
    BillReminder.id, BillReminder.due_on, BillReminder.days, BillReminder.by_hand,
    Bill.id, Bill.number, Bill.title, Bill.note, Bill.amount_minor, Bill.paid_minor, Bill.currency, Bill.due_on,
    Bill.state, Bill.remind, Person.name, Person.email, Person.locale, Person.active,
    BillReminder.delivery_id,
)  # fmt: skip


def cases(session: Session, reminder_ids: Sequence[int]) -> list[Case]:
    """Return the cases of some reminders, in their order: one query."""
    query = select(*_COLUMNS).join(Bill, Bill.id == BillReminder.bill_id)
    query = query.join(Person, Person.id == Bill.person_id)
    found: Sequence[Any] = session.execute(
        query.where(BillReminder.id.in_(reminder_ids)).order_by(BillReminder.id)
    ).all()
    return [Case(*row) for row in found]
