"""What was billed and paid in a period, by currency, in minor units.

A bill and a payment count when they were entered, so that nothing is missed and nothing counts twice: what was open
before, plus what was billed, less what was received, is what is open at the end. `revenue` counts payments by the day
on which the money came, as the page about revenue does; only periods of whole days have it. Bills that are void now
are neither billed nor open, and amounts are those of today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import case, func, select

from edupulse.config import current_settings
from edupulse.counting import counts, within
from edupulse.database import db
from edupulse.finance.models import UNPAID_STATES, Bill, Payment
from edupulse.reports.of_mail import by_kind
from edupulse.walltime import to_local

REMINDER = "bill_reminder"  # the kind of its mails
Money = Counter[str]  # minor units by currency

_STANDS = Bill.state != "void"


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return counts, and sums as "billed:EUR"; a currency is named where it has bills or payments."""
    bills, billed = _entered(Bill, begin, end, _STANDS)
    payments, received = _entered(Payment, begin, end)
    still_open, overdue = _open(end)
    found: dict[str, int | float] = {
        "bills": bills,
        "payments": payments,
        "reminders": sum(n for (kind, _), n in by_kind(begin, end).items() if kind == REMINDER),
    }
    sums = {
        "billed": billed,
        "received": received,
        "revenue": _revenue(begin, end),
        "open": still_open,
        "overdue": overdue,
    }
    return found | {
        f"{key}:{currency}": amount
        for key, amounts in sums.items()
        for currency, amount in sorted(amounts.items())
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many payments were entered in each part."""
    return counts(Payment.created_at, edges)


def _entered(
    rows: type[Bill | Payment], begin: datetime, end: datetime, *conditions: Any
) -> tuple[int, Money]:
    """Return how many bills or payments were entered in the period, and their amounts."""
    entered = (*within(rows.created_at, begin, end), *conditions)
    found = _sums(rows.currency, func.count(), func.sum(rows.amount_minor), where=entered)
    return sum(number for _, number, _ in found), Counter(
        {currency: int(amount) for currency, _, amount in found}
    )


def _revenue(begin: datetime, end: datetime) -> Money:
    if not (_is_midnight(begin) and _is_midnight(end)):
        return Counter()
    dated = (Payment.received_on >= _day(begin), Payment.received_on < _day(end))
    found = _sums(Payment.currency, func.sum(Payment.amount_minor), where=dated)
    return Counter({currency: int(amount) for currency, amount in found})


def _open(end: datetime) -> tuple[Money, Money]:
    """Return what was open at `end`, and what of it was overdue: what is open today of bills entered before, and what
    came in on them since."""
    known, is_late = (Bill.created_at < end, _STANDS), Bill.due_on < _day(end)
    today = (Bill.amount_minor - Bill.paid_minor, (*known, Bill.state.in_(UNPAID_STATES)))
    since = (Payment.amount_minor, (*known, Payment.created_at >= end, Payment.bill_id == Bill.id))
    still_open, overdue = Counter[str](), Counter[str]()
    for amount, where in (today, since):
        late = func.sum(case((is_late, amount), else_=0))
        for currency, all_of_it, of_it in _sums(Bill.currency, func.sum(amount), late, where=where):
            still_open[currency] += int(all_of_it)
            overdue[currency] += int(of_it)
    return still_open, overdue


def _sums(currency: Any, *sums: Any, where: Sequence[Any]) -> list[tuple[Any, ...]]:
    query = select(currency, *sums).where(*where).group_by(currency)
    return [tuple(row) for row in db.session.execute(query)]


def _day(at: datetime) -> date:
    return to_local(at, current_settings().timezone).date()


def _is_midnight(at: datetime) -> bool:
    """Say whether a day begins at `at`; where the clock skips midnight, that is later than 00:00."""
    zone_name = current_settings().timezone
    local = to_local(at, zone_name)
    return local.time() == time() or to_local(at - timedelta(microseconds=1), zone_name).date() < local.date()
