"""One bill is read, or held for a change: nobody else pays, changes or checks it until the transaction ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import entries_of
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.finance.models import Bill
from edupulse.paging import LARGEST_NUMBER
from edupulse.people.models import Person
from edupulse.walltime import to_local

FACTS = ("number", "person_id", "title", "note", "amount_minor", "currency", "issued_on", "due_on", "remind")
# Of the bill alone, not of its person; rows that point to it (payments, reminders) may be written meanwhile.
HOLD: dict[str, Any] = {"of": Bill, "key_share": True}
_HELD = (
    select(Bill)
    .where(Bill.id == bindparam("bill_id"))
    .with_for_update(**HOLD)
    .execution_options(populate_existing=True)
)
# The words of the partial index, so that the database sees that it may use it.
UNPAID = "bill.state IN ('open', 'partly_paid', 'overdue')"


def existing(bill_id: int) -> Bill:
    """Return the bill with its person; raises NotFound."""
    found = db.session.get(Bill, bill_id) if 0 < bill_id <= LARGEST_NUMBER else None
    if found is None:
        raise _no_such_bill(bill_id)
    return found


def held(session: Session, bill_id: int) -> Bill:
    """Return the bill as it is now, held until the transaction ends; raises NotFound."""
    wanted = {"bill_id": bill_id if bill_id <= LARGEST_NUMBER else 0}
    found: Bill | None = session.scalars(_HELD, wanted).one_or_none()
    if found is None:
        raise _no_such_bill(bill_id)
    return found


def facts_of(bill: Bill) -> dict[str, Any]:
    """Return what people decide about a bill, as it stands now."""
    return {name: getattr(bill, name) for name in FACTS}


def refuse_unknown(session: Session, person_id: int) -> None:
    """Raise Invalid, field person_id, where there is no such person."""
    # Held, so that nobody removes them before the bill that names them is written.
    wanted = select(Person.id).where(Person.id == person_id).with_for_update(read=True, key_share=True)
    if not 0 < person_id <= LARGEST_NUMBER or session.scalar(wanted) is None:
        cure = "Choose one from the list of people."
        raise Invalid(f"There is no person {person_id}.", cure=cure, field="person_id")


def refuse_overtaken(bill: Bill, revision: int | None) -> None:
    """Raise Conflict if the bill was changed since it had `revision`; None asks for no such care."""
    if revision is None or revision == bill.revision:
        return
    last = next(iter(entries_of(subject_of(bill.id), limit=1)), None)
    who, at = (last.actor, last.at) if last else ("Somebody else", bill.updated_at)
    raise Conflict(
        f"{who} changed this bill on {_clock(at)}, after you opened it.",
        cure="Look at it again, then enter your change there.",
        bill_id=bill.id,
        changed_by=who,
        changed_at=at,
        revision=bill.revision,
    )


def subject_of(bill_id: int) -> str:
    """Return how the audit log calls the bill."""
    return f"bill:{bill_id}"


def _clock(at: datetime) -> str:
    zone = current_settings().timezone
    return f"{to_local(at, zone):%Y-%m-%d at %H:%M} ({zone})"


def _no_such_bill(bill_id: int) -> NotFound:
    return NotFound(f"There is no bill {bill_id}.", cure="Look for it in the list of bills.", bill_id=bill_id)
