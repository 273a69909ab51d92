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

from sqlalchemy import Select, func, select

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.finance.models import UNPAID_STATES, Bill, Payment
from edupulse.reports.counting import count, counts, within
from edupulse.reports.of_mail import by_kind
from edupulse.walltime import to_local

REMINDER = "bill_reminder"  # the kind of its mails
Money = Counter[str]  # minor units by currency

_STANDS = Bill.state != "void"


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return counts, and sums as "billed:EUR"; a currency is named where it has bills or payments."""
    bills = (Bill.created_at, begin, end)
    found: dict[str, int | float] = {
        "bills": count(*bills, _STANDS),
        "payments": count(Payment.created_at, begin, end),
        "reminders": sum(n for (kind, _), n in by_kind(begin, end).items() if kind == REMINDER),
    }
    sums = {
        "billed": _sums(_amounts(Bill.amount_minor, Bill.currency).where(*within(*bills), _STANDS)),
        "received": _received(begin, end),
        "revenue": _revenue(begin, end),
        "open": _open(end),
        "overdue": _open(end, Bill.due_on < _day(end)),
    }
    return found | {
        f"{key}:{currency}": amount
        for key, amounts in sums.items()
        for currency, amount in sorted(amounts.items())
    }


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many payments were entered in each part."""
    return counts(Payment.created_at, edges)


def _received(begin: datetime, end: datetime) -> Money:
    entered = within(Payment.created_at, begin, end)
    return _sums(_amounts(Payment.amount_minor, Payment.currency).where(*entered))


def _revenue(begin: datetime, end: datetime) -> Money:
    if not (_is_midnight(begin) and _is_midnight(end)):
        return Counter()
    dated = (Payment.received_on >= _day(begin), Payment.received_on < _day(end))
    return _sums(_amounts(Payment.amount_minor, Payment.currency).where(*dated))


def _open(end: datetime, *conditions: Any) -> Money:
    """Return what was open at `end`: what is open today of bills entered before, and what came in on them since."""
    known = (Bill.created_at < end, _STANDS, *conditions)
    today = _amounts(Bill.amount_minor - Bill.paid_minor, Bill.currency)
    since = _amounts(Payment.amount_minor, Payment.currency).join(Payment.bill)
    open_today = _sums(today.where(*known, Bill.state.in_(UNPAID_STATES)))
    open_today.update(_sums(since.where(*known, Payment.created_at >= end)))
    return open_today


def _amounts(amount: Any, currency: Any) -> Select[str, int]:
    return select(currency, func.sum(amount)).group_by(currency)


def _sums(query: Select[str, int]) -> Money:
    return Counter({currency: int(amount) for currency, amount in db.session.execute(query)})


def _day(at: datetime) -> date:
    return to_local(at, current_settings().timezone).date()


def _is_midnight(at: datetime) -> bool:
    """Say whether a day begins at `at`; where the clock skips midnight, that is later than 00:00."""
    zone_name = current_settings().timezone
    local = to_local(at, zone_name)
    return local.time() == time() or to_local(at - timedelta(microseconds=1), zone_name).date() < local.date()
