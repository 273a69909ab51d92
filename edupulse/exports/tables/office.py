"""The office as tables: people, what they owe, what they paid, and how they were reminded."""

from __future__ import annotations

from edupulse.exports.table import Filter, Table, choice, columns, exactly, money, number
from edupulse.finance.models import BILL_STATES, METHODS, REMINDER_STATES, Bill, BillReminder, Payment
from edupulse.notifications.speech import n_
from edupulse.people.models import Person

TABLES = (
    Table(
        "people", n_("People"), "viewer", Person.id,
        columns(
            Person.id, Person.name, Person.email, Person.phone, Person.locale, Person.external_id, Person.note,
            Person.active, Person.created_at, Person.updated_at,
        ),
        at=Person.created_at,
        filters=(Filter("state", lambda value: Person.active.is_(value == "active"), ("active", "left")),),
    ),
    Table(
        "bills", n_("Bills"), "viewer", Bill.id,
        (
            *columns(
                Bill.id, Bill.number, Bill.state, Bill.person_id, Bill.title, Bill.issued_on, Bill.due_on,
                person=Person.name, external_id=Person.external_id, email=Person.email,
            ),
            *money(amount=Bill.amount_minor, paid=Bill.paid_minor),
            *columns(Bill.currency, Bill.paid_at, Bill.void_reason, Bill.note, Bill.remind, Bill.created_at),
        ),
        at=Bill.due_on,
        filters=(
            choice("state", Bill.state, BILL_STATES), number("person", Bill.person_id),
            exactly("currency", Bill.currency, str.upper),
        ),
        joined=lambda query: query.join(Person, Person.id == Bill.person_id),
    ),
    Table(
        "payments", n_("Payments"), "viewer", Payment.id,
        (
            *columns(
                Payment.id, Payment.bill_id, Payment.received_on, number=Bill.number, person=Person.name,
            ),
            *money(amount=Payment.amount_minor),
            *columns(
                Payment.currency, Payment.method, Payment.reference, Payment.note, Payment.actor, Payment.created_at
            ),
        ),
        at=Payment.received_on,
        filters=(
            choice("method", Payment.method, METHODS), number("bill", Payment.bill_id),
            exactly("currency", Payment.currency, str.upper),
        ),
        joined=lambda query: query.join(Bill, Bill.id == Payment.bill_id).join(Person, Person.id == Bill.person_id),
    ),
    Table(
        "bill_reminders", n_("Reminders of bills"), "viewer", BillReminder.id,
        columns(
            BillReminder.id, BillReminder.bill_id, BillReminder.due_on, BillReminder.days, BillReminder.state,
            BillReminder.reason, BillReminder.delivery_id, BillReminder.created_at, number=Bill.number,
            person=Person.name,
        ),
        at=BillReminder.created_at,
        filters=(choice("state", BillReminder.state, REMINDER_STATES), number("bill", BillReminder.bill_id)),
        joined=lambda query: query.join(Bill, Bill.id == BillReminder.bill_id).join(
            Person, Person.id == Bill.person_id
        ),
    ),
)  # fmt: skip
