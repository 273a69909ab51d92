"""A bill is changed: its row, where it stands, its reminders and its entry in the audit log in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid
from edupulse.finance import reasons
from edupulse.finance.fields import NewBill, checked
from edupulse.finance.models import Bill
from edupulse.finance.money import amount_words
from edupulse.finance.rows import FACTS, facts_of, held, refuse_overtaken, refuse_unknown, subject_of
from edupulse.finance.standing import stand, today
from edupulse.finance.withdrawal import rewrite, withdraw
from edupulse.transaction import transaction

CHANGEABLE = ("title", "note", "amount_minor", "due_on", "issued_on", "remind", "person_id")
SAID = {"title", "note", "amount_minor"}  # what a mail says, besides person and due date


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
    stand(bill, moment, anew=bool({"due_on", "person_id"} & set(values)))
    session.flush()
    if reason := _outdates(bill, values):
        withdraw(session, bill.id, reason)
    elif SAID & set(values):
        rewrite(session, bill.id)
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
