"""People and bills that the doors show, made in one line each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from edupulse.clock import now
from edupulse.finance import bills
from edupulse.finance.bills import NewBill
from edupulse.finance.models import Bill
from edupulse.people import rows
from edupulse.people.models import Person


def a_person(name: str = "Zoë Berg", email: str = "zoe@school.example", **fields: Any) -> Person:
    """Store somebody who can be billed."""
    return rows.add({"name": name, "email": email, **fields}, actor="test")


def a_bill(person: Person | None = None, amount_minor: int = 8500, days: int = 14, **fields: Any) -> Bill:
    """Store a bill that is due in so many days."""
    whose = person or a_person()
    due_on = now().date() + timedelta(days=days)
    facts = {"title": "Piano, March", "currency": "EUR", **fields}
    return bills.add(
        NewBill(person_id=whose.id, amount_minor=amount_minor, due_on=due_on, **facts), actor="test"
    )
