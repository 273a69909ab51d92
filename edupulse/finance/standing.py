"""Where a bill stands after each change: its state, since when it is paid, and when the check looks at it next."""

from __future__ import annotations

from datetime import date, datetime

from edupulse.config import current_settings
from edupulse.finance.models import Bill
from edupulse.finance.stages import first_instant
from edupulse.walltime import to_local


def today(moment: datetime) -> date:
    """Return the day on which the aware `moment` falls in the organisation's zone."""
    return to_local(moment, current_settings().timezone).date()


def state_of(bill: Bill, day: date) -> str:
    """Return the state that follows from what was paid by `day`.

    A bill becomes overdue by the check alone, which tells people so; here it only stays so.
    """
    if bill.state == "void":
        return "void"
    if bill.paid_minor >= bill.amount_minor:
        return "paid"
    if bill.state == "overdue" and day > bill.due_on:
        return "overdue"
    return "partly_paid" if bill.paid_minor else "open"


def stand(bill: Bill, moment: datetime, *, anew: bool = False) -> None:
    """Write where the bill stands into its row; `anew`: another due date, so all stages are looked at again."""
    before, bill.state = bill.state, state_of(bill, today(moment))
    bill.updated_at = moment
    bill.revision += 1
    if bill.state in ("paid", "void"):
        bill.next_at = None
    elif anew or before in ("paid", "void"):
        bill.next_at = first_instant(bill.due_on)
    if bill.state != "paid":
        bill.paid_at = None
    elif before != "paid":
        bill.paid_at = moment
