"""A bill is entered, voided or restored: row, reminders and its entry in the audit log in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict
from edupulse.finance import numbering, reasons
from edupulse.finance.changing import CHANGEABLE, change
from edupulse.finance.fields import NewBill, checked, one_line
from edupulse.finance.models import Bill
from edupulse.finance.money import amount_words
from edupulse.finance.rows import existing, facts_of, held, refuse_overtaken, refuse_unknown, subject_of
from edupulse.finance.stages import first_instant
from edupulse.finance.standing import stand, today
from edupulse.finance.withdrawal import withdraw
from edupulse.mail.once import insert_once
from edupulse.transaction import transaction

__all__ = ["CHANGEABLE", "NewBill", "add", "change", "existing", "unvoid", "void"]


def add(fields: NewBill, *, actor: str) -> Bill:
    """Store a new bill; without a number it gets the next one of its year.

    Raises Invalid naming the fields, Conflict, field number, where the number is taken.
    """
    moment = now()
    complete = checked(fields, today(moment))
    with transaction() as session:
        refuse_unknown(session, complete.person_id)
        bill = existing(_inserted(session, complete, moment))
        record(actor, "bill.create", subject_of(bill.id), number=bill.number, after=_given(bill))
    return bill


def void(bill_id: int, reason: str, *, actor: str, revision: int | None = None) -> Bill:
    """End a bill that nobody has to pay; no more reminders leave.

    Raises NotFound, Invalid without a reason, Conflict where it is void already or money is on it.
    """
    said, moment = one_line(reason, "reason", is_needed=True), now()
    with transaction() as session:
        bill = held(session, bill_id)
        refuse_overtaken(bill, revision)
        _refuse_void(bill)
        before, bill.state, bill.void_reason = bill.state, "void", said
        stand(bill, moment)
        session.flush()
        withdraw(session, bill.id, reasons.VOID)
        states = {"before": {"state": before}, "after": {"state": "void", "reason": said}}
        record(actor, "bill.void", subject_of(bill.id), number=bill.number, **states)
    return bill


def unvoid(bill_id: int, *, actor: str, revision: int | None = None) -> Bill:
    """Let a void bill be paid after all. Raises NotFound, Conflict where it is not void."""
    moment = now()
    with transaction() as session:
        bill = held(session, bill_id)
        refuse_overtaken(bill, revision)
        if bill.state != "void":
            raise Conflict(f"The bill {bill.number} is not void.", bill_id=bill.id, state=bill.state)
        was, bill.state, bill.void_reason = bill.void_reason, "open", ""
        stand(bill, moment, anew=True)
        session.flush()
        states = {"before": {"state": "void", "reason": was}, "after": {"state": bill.state}}
        record(actor, "bill.unvoid", subject_of(bill.id), number=bill.number, **states)
    return bill


def columns_of(fields: NewBill, moment: datetime) -> dict[str, Any]:
    """Return the row of a new, checked bill; what is due already, the next check sees."""
    return {
        "number": fields.number, "person_id": fields.person_id, "title": fields.title, "note": fields.note,
        "amount_minor": fields.amount_minor, "paid_minor": 0, "currency": fields.currency,
        "issued_on": fields.issued_on, "due_on": fields.due_on, "state": "open", "remind": fields.remind,
        "next_at": first_instant(fields.due_on), "void_reason": "", "created_at": moment, "updated_at": moment,
        "revision": 0,
    }  # fmt: skip


def _inserted(session: Session, fields: NewBill, moment: datetime) -> int:
    """Write the row and return its id; a number that somebody took meanwhile gives way to the next."""
    once = insert_once(session, Bill).returning(Bill.id)
    if fields.number:
        if id := session.execute(once, columns_of(fields, moment)).scalar():
            return id
        raise number_taken(fields.number)
    assert fields.issued_on  # noqa: S101 - `checked` completes it
    year = fields.issued_on.year
    count = numbering.next_count(session, year)
    while True:
        numbered = replace(fields, number=numbering.written(year, count))
        if id := session.execute(once, columns_of(numbered, moment)).scalar():
            return id
        count = max(count + 1, numbering.next_count(session, year, surely=True))


def number_taken(number: str) -> Conflict:
    """Return the refusal of a number that another bill has."""
    return Conflict(
        f"There is a bill {number} already.",
        cure="Choose another number, or leave it empty to get the next one.",
        field="number",
        number=number,
    )


def _refuse_void(bill: Bill) -> None:
    if bill.state == "void":
        raise Conflict(f"The bill {bill.number} is void already.", bill_id=bill.id, state="void")
    if bill.paid_minor:
        paid = amount_words(bill.paid_minor, bill.currency)
        raise Conflict(
            f"{paid} were paid on the bill {bill.number}.",
            cure="Refund it first, then void the bill.",
            bill_id=bill.id,
            paid_minor=bill.paid_minor,
        )


def _given(bill: Bill) -> dict[str, Any]:
    return {name: value for name, value in facts_of(bill).items() if value not in (None, "")}
