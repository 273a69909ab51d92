"""What programs are told about bills, their payments, their reminders and their story."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.schema import Shown
from edupulse.finance.listing import Total
from edupulse.finance.models import Bill as Row
from edupulse.finance.models import BillReminder as ReminderRow
from edupulse.finance.models import Payment as PaymentRow
from edupulse.finance.money import exponent
from edupulse.finance.timeline import Entry
from edupulse.people.models import Person


class BilledPerson(Shown):
    """Who owes a bill; `external_id` is their number in the program they come from."""

    id: int
    name: str
    email: str | None
    external_id: str | None
    active: bool


class Bill(Shown):
    """Money that a person owes. Amounts are whole minor units of `currency`, which has so many `decimals`."""

    id: int
    number: str
    person: BilledPerson
    title: str
    note: str
    amount_minor: int
    paid_minor: int
    open_minor: int
    currency: str
    decimals: int
    issued_on: date
    due_on: date
    state: str
    remind: bool
    next_at: datetime | None
    paid_at: datetime | None
    void_reason: str
    created_at: datetime
    updated_at: datetime
    revision: int


class Payment(Shown):
    """Money that came in for a bill on a day, or, below zero, that went back."""

    id: int
    bill_id: int
    amount_minor: int
    currency: str
    received_on: date
    method: str
    reference: str
    note: str
    actor: str
    created_at: datetime


class BillReminder(Shown):
    """One reminder of a bill: `days` before `due_on`, below zero after it; `reason` says why it was left out."""

    id: int
    bill_id: int
    due_on: date
    days: int
    by_hand: bool
    state: str
    reason: str
    delivery_id: int | None
    created_at: datetime


class UpcomingBillReminder(Shown):
    """A reminder that leaves at `at` unless its bill is paid before; `days` before the due date, below zero after."""

    at: datetime
    bill_id: int
    days: int
    number: str
    title: str
    name: str
    address: str
    open_minor: int
    currency: str


class BillTotal(Shown):
    """The bills of one currency: how many, and their sums in its minor units."""

    currency: str
    decimals: int
    count: int
    billed_minor: int
    paid_minor: int
    open_minor: int
    overdue_minor: int


class BillEntry(Shown):
    """One thing that happened to a bill."""

    at: datetime
    what: str
    detail: str


def facts_of_bill(bill: Row) -> dict[str, Any]:
    """Return all that is known of a bill."""
    return {
        **_plain_facts(bill, Bill, beside=("person", "decimals")),
        "person": facts_of_person(bill.person),
        "decimals": exponent(bill.currency),
    }


def facts_of_person(person: Person) -> dict[str, Any]:
    """Return what a bill shows of its person."""
    return facts_of(person, BilledPerson)


def facts_of_payment(payment: PaymentRow) -> dict[str, Any]:
    """Return what is known of a payment."""
    return _plain_facts(payment, Payment)


def facts_of_reminder(reminder: ReminderRow) -> dict[str, Any]:
    """Return what is known of a reminder."""
    return {**_plain_facts(reminder, BillReminder), "by_hand": bool(reminder.by_hand)}


def facts_of_total(total: Total) -> dict[str, Any]:
    """Return the sums of one currency."""
    return {**_plain_facts(total, BillTotal, beside=("decimals",)), "decimals": exponent(total.currency)}


def facts_of_entry(entry: Entry) -> dict[str, Any]:
    """Return one thing that happened."""
    return facts_of(entry, BillEntry)


def _plain_facts(row: object, model: type[Shown], beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the attributes that `model` shows, days as ISO 8601; not those `beside`."""
    names = [name for name in model.model_fields if name not in beside]
    return {name: _day_as_text(getattr(row, name)) for name in names}


def _day_as_text(value: Any) -> Any:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return value.isoformat() if is_day else value
