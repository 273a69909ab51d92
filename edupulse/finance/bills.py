"""A bill is entered, changed, voided or restored: row, reminders and its entry in the audit log in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid
from edupulse.finance import numbering, reasons
from edupulse.finance.fields import NewBill, checked, one_line
from edupulse.finance.models import Bill
from edupulse.finance.money import amount_words
from edupulse.finance.rows import existing, held, refuse_overtaken, subject_of
from edupulse.finance.stages import first_instant
from edupulse.finance.standing import stand, today
from edupulse.finance.withdrawal import withdraw
from edupulse.mail.once import insert_once
from edupulse.paging import LARGEST_NUMBER
from edupulse.people.models import Person
from edupulse.transaction import transaction

__all__ = ["CHANGEABLE", "NewBill", "add", "change", "existing", "unvoid", "void"]

CHANGEABLE = ("title", "note", "amount_minor", "due_on", "issued_on", "remind", "person_id")
FACTS = ("number", "person_id", "title", "note", "amount_minor", "currency", "issued_on", "due_on", "remind")


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


def change(bill_id: int, changes: Mapping[str, Any], *, actor: str, revision: int | None = None) -> Bill:
    """Change what is named, of CHANGEABLE; what is so already changes nothing.

    `revision` is that of the bill when somebody began to edit. Raises NotFound, Invalid naming the fields, Conflict
    for somebody else's change since `revision`, for a void bill, and for another person where money is on it.
    """
    _refuse_others(changes)
    moment = now()
    with transaction() as session:
        bill = held(session, bill_id)
        before = facts_of(bill)
        after = _changed(bill, changes, moment)
        names = [name for name in FACTS if before[name] != after[name]]
        if names:
            refuse_overtaken(bill, revision)
            _refuse_change(session, bill, after, names)
            _store(session, bill, {name: after[name] for name in names}, moment)
            was, became = ({name: facts[name] for name in names} for facts in (before, after))
            record(actor, "bill.change", subject_of(bill.id), number=bill.number, before=was, after=became)
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


def facts_of(bill: Bill) -> dict[str, Any]:
    """Return what people decide about a bill, as it stands now."""
    return {name: getattr(bill, name) for name in FACTS}


def columns_of(fields: NewBill, moment: datetime) -> dict[str, Any]:
    """Return the row of a new, checked bill; what is due already, the next check sees."""
    return {
        "number": fields.number, "person_id": fields.person_id, "title": fields.title, "note": fields.note,
        "amount_minor": fields.amount_minor, "paid_minor": 0, "currency": fields.currency,
        "issued_on": fields.issued_on, "due_on": fields.due_on, "state": "open", "remind": fields.remind,
        "next_at": first_instant(fields.due_on), "void_reason": "", "created_at": moment, "updated_at": moment,
        "revision": 0,
    }  # fmt: skip


def refuse_unknown(session: Session, person_id: int) -> None:
    """Raise Invalid, field person_id, where there is no such person."""
    wanted = select(Person.id).where(Person.id == person_id)
    if not 0 < person_id <= LARGEST_NUMBER or session.scalar(wanted) is None:
        cure = "Choose one from the list of people."
        raise Invalid(f"There is no person {person_id}.", cure=cure, field="person_id")


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


def _refuse_others(changes: Mapping[str, Any]) -> None:
    if others := sorted(set(changes) - set(CHANGEABLE)):
        cure = f"These can be: {', '.join(CHANGEABLE)}."
        raise Invalid(f"{others[0]} of a bill cannot be changed.", cure=cure, field=others[0])


def _changed(bill: Bill, changes: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """Return the facts of the bill as they would be."""
    wanted = checked(NewBill(**{**facts_of(bill), **changes}), today(moment))
    return {name: getattr(wanted, name) for name in FACTS}


def _refuse_change(session: Session, bill: Bill, after: Mapping[str, Any], names: list[str]) -> None:
    if bill.state == "void":
        cure = "Restore it first."
        raise Conflict(f"The bill {bill.number} is void.", cure=cure, bill_id=bill.id, state="void")
    if after["amount_minor"] < bill.paid_minor:
        paid = amount_words(bill.paid_minor, bill.currency)
        raise Invalid(
            f"{paid} were paid already; the amount cannot be below that.",
            cure="Refund what is too much first.",
            field="amount",
        )
    if "person_id" in names:
        if bill.paid_minor:
            cure = "Refund it first, or enter a new bill."
            raise Conflict("Money was paid on this bill by its person.", cure=cure, field="person_id")
        refuse_unknown(session, after["person_id"])


def _store(session: Session, bill: Bill, values: Mapping[str, Any], moment: datetime) -> None:
    """Write the changes; mails that say what is no longer so are taken back."""
    for name, value in values.items():
        setattr(bill, name, value)
    stand(bill, moment, anew="due_on" in values)
    session.flush()
    if reason := _outdates(bill, values):
        withdraw(session, bill.id, reason)
    if "person_id" in values:
        session.refresh(bill, ["person"])


def _outdates(bill: Bill, values: Mapping[str, Any]) -> str:
    """Say why what was planned or is on its way must not be sent any more, if so."""
    causes = (
        (reasons.PAID, bill.state == "paid"),
        (reasons.REMINDERS_OFF, not bill.remind and "remind" in values),
        (reasons.OTHER_PERSON, "person_id" in values),
        (reasons.MOVED, "due_on" in values),
    )
    return next((reason for reason, is_so in causes if is_so), "")


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
