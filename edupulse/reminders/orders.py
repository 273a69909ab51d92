"""What a person may order about all reminders at once; it is written into the audit log."""

from __future__ import annotations

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.reminders import due


def check_now(*, actor: str) -> dict[str, int]:
    """Hand over every reminder that is due; return how many were due and what became of them."""
    counts = due.check(now())
    record(actor, "reminders.check", "reminders", **counts)
    return counts
