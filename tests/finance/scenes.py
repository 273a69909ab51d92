"""Small scenes for tests of bills: a person, a bill, a check at an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from sqlalchemy import select

from edupulse import clock
from edupulse.clock import now
from edupulse.database import db
from edupulse.finance import bills, due
from edupulse.finance.bills import NewBill
from edupulse.finance.models import Bill, BillReminder
from edupulse.mail.models import Delivery
from edupulse.people.models import Person
from edupulse.transaction import transaction

_numbers = count(1)


def utc(text: str) -> datetime:
    """Read "2026-03-16 09:00" as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_person(name: str = "Zoë Berg", email: str | None = "zoe@school.example", **values: Any) -> Person:
    """Store a person."""
    with transaction() as session:
        comparable = email.lower() if email else None
        facts = {"created_at": now(), "updated_at": now(), "comparable": comparable}
        person = Person(name=name, email=email, **{**facts, **values})
        session.add(person)
    return person


def a_bill(person: Person | None = None, **values: Any) -> Bill:
    """Enter a bill of 120 euros for a course, due on 30 March 2026."""
    facts: dict[str, Any] = {"title": "Painting, spring", "amount_minor": 12_000, "due_on": date(2026, 3, 30)}
    whose = (person or a_person()).id
    return bills.add(NewBill(**{"person_id": whose, **facts, **values}), actor="test")


def check(at: str) -> dict[str, int]:
    """Check all bills at an instant, e.g. "2026-03-16 09:00" in UTC."""
    with clock.frozen(utc(at)):
        return due.check(now())


def reminders(bill: Bill) -> list[tuple[int, str, str]]:
    """Return (days, state, reason) of a bill's reminders, in the order of the stages."""
    db.session.rollback()
    found = select(BillReminder).where(BillReminder.bill_id == bill.id).order_by(BillReminder.days.desc())
    return [(each.days, each.state, each.reason) for each in db.session.scalars(found)]


def mails() -> Sequence[Delivery]:
    """Return all mails of bills, oldest first."""
    db.session.rollback()
    wanted = select(Delivery).where(Delivery.kind == "bill_reminder").order_by(Delivery.id)
    return db.session.scalars(wanted.execution_options(populate_existing=True)).all()


def fresh(bill: Bill) -> Bill:
    """Return the bill as it stands in the database."""
    db.session.rollback()
    db.session.expire_all()
    return bills.existing(bill.id)
