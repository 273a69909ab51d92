"""Money comes in for a bill or goes back: payment, bill and the sum of the month change in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid
from edupulse.finance import reasons
from edupulse.finance.fields import checked_day, one_line, text
from edupulse.finance.models import METHODS, Bill, Payment
from edupulse.finance.money import amount_words, checked_amount
from edupulse.finance.revenue import month_of, tell_changed
from edupulse.finance.rows import held, refuse_overtaken, subject_of
from edupulse.finance.standing import stand, today
from edupulse.finance.withdrawal import rewrite, withdraw
from edupulse.transaction import transaction


def pay(
    bill_id: int,
    amount_minor: int,
    *,
    actor: str,
    received_on: date | None = None,
    method: str = "transfer",
    reference: str = "",
    note: str = "",
    revision: int | None = None,
) -> Payment:
    """Write down money that came in, today unless `received_on` says another day of the organisation's zone.

    The same reference and amount again is the same payment. Raises NotFound, Invalid naming the field (also for more
    than is open), Conflict for a void bill, for a reference that another amount has, and for a bill that is not as it
    was at `revision`: two people with the same money before them enter it once.
    """
    money = _checked(checked_amount(amount_minor), received_on, method, reference, note)
    with transaction() as session:
        bill = held(session, bill_id)
        if known := _known(session, bill, money):
            return known
        refuse_overtaken(bill, revision)
        _refuse_void(bill)
        _refuse_too_much(bill, money.amount_minor)
        return _stored(session, bill, money, actor)


def refund(
    bill_id: int,
    amount_minor: int,
    *,
    actor: str,
    received_on: date | None = None,
    method: str = "transfer",
    reference: str = "",
    note: str = "",
    revision: int | None = None,
) -> Payment:
    """Write down money that went back, as a payment below zero; `amount_minor` is above zero.

    The same reference and amount again is the same refund. Raises as `pay` does; at most what was paid goes back.
    """
    money = _checked(-checked_amount(amount_minor), received_on, method, reference, note)
    with transaction() as session:
        bill = held(session, bill_id)
        if known := _known(session, bill, money):
            return known
        refuse_overtaken(bill, revision)
        _refuse_more_than_paid(bill, amount_minor)
        return _stored(session, bill, money, actor)


@dataclass(frozen=True)
class Money:
    """What came in (above zero) or went back, checked."""

    amount_minor: int
    received_on: date
    method: str
    reference: str
    note: str


def _columns(bill: Bill, money: Money, actor: str, moment: datetime) -> dict[str, Any]:
    """Return the row of a payment."""
    return {
        "bill_id": bill.id, "amount_minor": money.amount_minor, "currency": bill.currency,
        "received_on": money.received_on, "method": money.method, "reference": money.reference,
        "note": money.note, "actor": actor[:320], "created_at": moment,
    }  # fmt: skip


def _checked(amount_minor: int, received_on: date | None, method: str, reference: str, note: str) -> Money:
    day = today(now())
    received = checked_day(received_on or day, "received_on")
    if received > day:
        cure = "Enter it when it is there."
        raise Invalid(f"{received:%Y-%m-%d} is still to come.", cure=cure, field="received_on")
    if method not in METHODS:
        raise Invalid(
            f"“{method[:40]}” is no way of paying.", cure=f"Choose {', '.join(METHODS)}.", field="method"
        )
    said = one_line(note, "note")
    if len(said) > LONGEST_NOTE:
        raise Invalid(f"The note is longer than {LONGEST_NOTE} characters.", cure="Shorten it.", field="note")
    return Money(amount_minor, received, method, text(" ".join(reference.split()), "reference"), said)


LONGEST_NOTE = 300  # characters, as the column


_OF_BILL = select(Payment).where(
    Payment.bill_id == bindparam("bill_id"), Payment.reference == bindparam("reference")
)


def _known(session: Session, bill: Bill, money: Money) -> Payment | None:
    """Return the payment that has this reference already. Raises Conflict if it is another amount."""
    if not money.reference:
        return None
    found: Payment | None = session.scalar(_OF_BILL, {"bill_id": bill.id, "reference": money.reference})
    if found is None or found.amount_minor == money.amount_minor:
        return found
    raise Conflict(
        f"The reference {money.reference} stands for {amount_words(found.amount_minor, found.currency)} already.",
        cure="Use another reference if this is other money.",
        field="reference",
        payment_id=found.id,
    )


def _refuse_void(bill: Bill) -> None:
    if bill.state == "void":
        raise Conflict(
            f"The bill {bill.number} is void.", cure="Restore it first.", bill_id=bill.id, state="void"
        )


def _refuse_too_much(bill: Bill, amount_minor: int) -> None:
    if amount_minor <= bill.open_minor:
        return
    still = amount_words(bill.open_minor, bill.currency) if bill.open_minor else "Nothing"
    raise Invalid(
        f"{still} is open on the bill {bill.number}; more cannot be paid on it.",
        cure="Enter what belongs to this bill, and the rest on another one.",
        field="amount",
        open_minor=bill.open_minor,
    )


def _refuse_more_than_paid(bill: Bill, amount_minor: int) -> None:
    if amount_minor <= bill.paid_minor:
        return
    paid = amount_words(bill.paid_minor, bill.currency) if bill.paid_minor else "Nothing"
    raise Invalid(
        f"{paid} was paid on the bill {bill.number}; more cannot go back.",
        cure="Enter at most that.",
        field="amount",
        paid_minor=bill.paid_minor,
    )


def _stored(session: Session, bill: Bill, money: Money, actor: str) -> Payment:
    moment = now()
    payment = Payment(**_columns(bill, money, actor, moment))
    session.add(payment)
    bill.paid_minor += money.amount_minor
    stand(bill, moment)
    session.flush()
    if bill.state == "paid":
        withdraw(session, bill.id, reasons.PAID)
    else:
        rewrite(session, bill.id)
    action, amount = (
        ("bill.pay", money.amount_minor) if money.amount_minor > 0 else ("bill.refund", -money.amount_minor)
    )
    said = {"amount_minor": amount, "method": money.method, "reference": money.reference}
    facts = {"received_on": money.received_on, "payment_id": payment.id, "state": bill.state}
    record(actor, action, subject_of(bill.id), number=bill.number, after={**said, **facts})
    # Last, because everybody who pays in this month waits here for each other.
    tell_changed(session, month_of(money.received_on))
    return payment
