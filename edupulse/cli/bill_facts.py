"""What there is to know about one bill: all for programs, and a line or a page for people."""

from __future__ import annotations

from datetime import date

from edupulse.finance.listing import Total
from edupulse.finance.models import Bill, Payment
from edupulse.finance.money import amount_words

_NAMES = (
    "id", "number", "person_id", "title", "note", "amount_minor", "paid_minor", "open_minor", "currency", "issued_on",
    "due_on", "state", "remind", "next_at", "paid_at", "void_reason", "created_at", "updated_at", "revision",
)  # fmt: skip
_OF_PAYMENT = (
    "id", "bill_id", "amount_minor", "currency", "received_on", "method", "reference", "note", "actor", "created_at",
)  # fmt: skip


def facts_of(bill: Bill) -> dict[str, object]:
    """Return what there is to know about a bill, for programs; sums are minor units of its currency."""
    person = {"id": bill.person.id, "name": bill.person.name, "email": bill.person.email}
    return {**_facts(bill, _NAMES), "person": person}


def page_of(bill: Bill) -> dict[str, object]:
    """Return one bill for people; what is usual or unknown is left out."""
    return {
        "id": bill.id,
        "number": bill.number,
        "state": bill.state,
        "person": bill.person.name,
        "address": bill.person.email,
        "title": bill.title,
        "amount": _sum(bill, bill.amount_minor),
        "paid": _sum(bill, bill.paid_minor) if bill.paid_minor else None,
        "still_open": _sum(bill, bill.open_minor) if bill.open_minor else None,
        "issued_on": bill.issued_on.isoformat(),
        "due_on": bill.due_on.isoformat(),
        "reminders": "by mail" if bill.remind else "none",
        "looked_at_next": bill.next_at,
        "void_because": bill.void_reason or None,
        "note": bill.note or None,
        "revision": bill.revision,
    }


def row_of(bill: Bill) -> dict[str, object]:
    """Return a line of the list of bills."""
    return {
        "id": bill.id,
        "number": bill.number,
        "person": bill.person.name,
        "title": bill.title,
        "due_on": bill.due_on.isoformat(),
        "amount": _sum(bill, bill.amount_minor),
        "open": _sum(bill, bill.open_minor) if bill.open_minor else None,
        "state": bill.state,
    }


def facts_of_payment(payment: Payment) -> dict[str, object]:
    """Return what there is to know about a payment."""
    return _facts(payment, _OF_PAYMENT)


def row_of_payment(payment: Payment) -> dict[str, object]:
    """Return a line of the payments of a bill."""
    return {
        "on": payment.received_on.isoformat(),
        "amount": amount_words(payment.amount_minor, payment.currency),
        "method": payment.method,
        "reference": payment.reference or None,
        "note": payment.note or None,
        "by": payment.actor,
    }


def row_of_total(total: Total) -> dict[str, object]:
    """Return the sums of one currency for people."""
    names = ("billed", "paid", "open", "overdue")
    sums = {name: amount_words(getattr(total, f"{name}_minor"), total.currency) for name in names}
    return {"currency": total.currency, "bills": total.count, **sums}


def _facts(row: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: _day_as_text(getattr(row, name)) for name in names}


def _day_as_text(value: object) -> object:
    return value.isoformat() if type(value) is date else value


def _sum(bill: Bill, minor: int) -> str:
    return amount_words(minor, bill.currency)
