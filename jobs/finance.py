"""Jobs of the office's money."""

from __future__ import annotations

from typing import Annotated

from edupulse.clock import now
from edupulse.control.catalog import Check
from edupulse.finance import due, revenue, sending
from jobs.recorded import recorded

Month = Annotated[str, Check(revenue.check_month)]


@recorded
def check_pending_bills() -> dict[str, int]:
    """Mark bills that are overdue, and plan and send the reminders whose time has come."""
    return due.check(now())


@recorded
def send_bill_reminders(bill_id: int | None = None) -> dict[str, int]:
    """Send the reminders that are planned, of one bill or of all."""
    return sending.send(now(), bill_id)


@recorded
def calculate_monthly_revenue(month: Month = "") -> dict[str, str | int]:
    """Add up what came in during a month (2026-03, or the current one), in minor units by currency."""
    found = revenue.monthly(month or revenue.current_month(now()), now())
    return {"month": found.month, **found.figures}
