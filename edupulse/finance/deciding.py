"""Whether a reminder leaves, from what is known of its bill and person alone."""

from __future__ import annotations

from typing import Protocol

from edupulse.finance import reasons
from edupulse.finance.case import Case


class Addressed(Protocol):
    """A bill with its person, as far as it matters whether they may be reminded."""

    @property
    def remind(self) -> bool: ...
    @property
    def email(self) -> str | None: ...
    @property
    def active(self) -> bool: ...


def obstacle(bill: Addressed) -> str:
    """Say why the person cannot be reminded at all, empty if they can."""
    causes = (
        (reasons.REMINDERS_OFF, not bill.remind),
        (reasons.LEFT, not bill.active),
        (reasons.NO_ADDRESS, not bill.email),
    )
    return next((reason for reason, is_so in causes if is_so), "")


def verdict(case: Case) -> str:
    """Say why a planned reminder is left out after all, empty if it leaves."""
    causes = ((reasons.PAID, "paid"), (reasons.VOID, "void"))
    settled = next((reason for reason, state in causes if case.state == state), "")
    if settled or case.by_hand:
        return settled
    return reasons.MOVED if case.planned_for != case.due_on else obstacle(case)
