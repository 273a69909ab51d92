"""The sample data of the office: whom the school bills, what they owe and what they have paid."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from edupulse.embedded.sample import STUDENTS, ZONE
from edupulse.finance import bills, payments
from edupulse.finance.bills import NewBill
from edupulse.people import rows
from edupulse.transaction import transaction

FEE = 68_000  # fen a month
CURRENCY = "CNY"
MONTHS = 4  # of lessons that were billed, the present one among them
LATE, IN_PARTS = 2, 5  # the places, among the students, of who pays late and who pays in parts


def enter(now: datetime, actor: str) -> int:
    """Enter people, bills and payments as they may stand at `now`; return how many bills.

    Nobody is reminded while one watches: of what is overdue reminders are switched off, the rest is due later.
    """
    today = now.astimezone(ZoneInfo(ZONE)).date()
    with transaction():
        people = [
            rows.add({"name": each.name, "email": each.email, "locale": each.locale}, actor=actor).id
            for each in STUDENTS
        ]
        for back in range(MONTHS - 1, -1, -1):
            first = _first_of_month(today, back)
            for place, person_id in enumerate(people):
                _bill(person_id, place, first, today, actor)
    return MONTHS * len(people)


def _bill(person_id: int, place: int, first: date, today: date, actor: str) -> None:
    due_on = first + timedelta(days=14)
    is_new = first == _first_of_month(today, 0)
    is_over = due_on < today and not is_new
    due_on = due_on if is_over else today + timedelta(days=10 + place)  # the first reminder is days away
    bill = bills.add(
        NewBill(
            person_id, f"Lessons {first:%Y-%m}", FEE, due_on, CURRENCY, issued_on=first, remind=not is_over
        ),
        actor=actor,
    )
    if is_over and place != LATE:
        amount = FEE // 2 if place == IN_PARTS else FEE
        payments.pay(bill.id, amount, actor=actor, received_on=first + timedelta(days=place + 3))


def _first_of_month(today: date, back: int) -> date:
    months = today.year * 12 + today.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)
