"""What came in by month: calculated when asked, kept for an hour, and out of date from the next payment on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse import clock
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.finance.models import MonthRevenue, Payment
from edupulse.finance.standing import today
from edupulse.mail.once import insert_once
from edupulse.transaction import look_anew, rows_changed, transaction

REVENUE_FOR = timedelta(hours=1)  # that a sum is kept: what else changed in the tables is seen by then
MOST_MONTHS = 240  # of one list: twenty years
TRIES = 3  # to write a sum down before it is only told: each lost one means that a payment came in
_MONTH = re.compile(r"(?P<year>\d{4})-(?P<month>0[1-9]|1[0-2])")


@dataclass(frozen=True)
class MonthSum:
    """What came in during a month, less what went back: minor units by currency."""

    month: str  # 2026-03
    figures: dict[str, int]
    calculated_at: datetime
    from_cache: bool


def monthly(month: str, now: datetime, *, anew: bool = False, keep: bool = True) -> MonthSum:
    """Return the sum of a month ("2026-03") as it is at `now`; `anew` calculates it in any case. Raises Invalid.

    Who only looks does not `keep` what had to be calculated: looking changes nothing, and waits for no writer.
    """
    first, after = _days(month)
    for _ in range(TRIES):
        look_anew()
        kept = db.session.get(MonthRevenue, month, populate_existing=True)
        if kept and not anew and (found := _still_good(kept, now)):
            return found
        version = kept.version if kept else 0
        figures = _calculated(first, after)
        if not keep or _keep(month, version, figures, now):
            break
    return MonthSum(month, figures, now, from_cache=False)


def months(limit: int = 24, now: datetime | None = None, *, keep: bool = True) -> list[MonthSum]:
    """Return the sums of the latest months, the current one first; `keep` as for one month."""
    moment = now or clock.now()
    day = today(moment)
    latest = day.year * 12 + day.month - 1
    wanted = range(latest, latest - max(1, min(limit, MOST_MONTHS)), -1)
    return [monthly(f"{each // 12:04d}-{each % 12 + 1:02d}", moment, keep=keep) for each in wanted]


def clear_cache() -> int:
    """Let every month be calculated anew when it is asked for; return how many were kept."""
    kept = update(MonthRevenue).where(MonthRevenue.figures.is_not(None))
    with transaction() as session:
        return rows_changed(session, kept.values(figures=None, version=MonthRevenue.version + 1))


def current_month(now: datetime) -> str:
    """Return the month in which `now` falls in the organisation's zone."""
    return month_of(today(now))


def month_of(day: date) -> str:
    """Return the month in which a payment counts."""
    return f"{day:%Y-%m}"


def tell_changed(session: Session, month: str) -> None:
    """Say in the running transaction that the sum of a month is out of date."""
    session.execute(
        _changed(session.get_bind().dialect.name), {"month": month, "version": 1, "figures": None}
    )


@cache
def _changed(dialect: str) -> Any:
    insert = sqlite_insert if dialect == "sqlite" else postgresql_insert
    changed = {"version": MonthRevenue.version + 1, "figures": None, "calculated_at": None}
    return insert(MonthRevenue).on_conflict_do_update(index_elements=["month"], set_=changed)


def _still_good(kept: MonthRevenue, now: datetime) -> MonthSum | None:
    if kept.figures is None or kept.calculated_at is None:
        return None
    is_good = kept.calculated_at <= now < kept.calculated_at + REVENUE_FOR
    return MonthSum(kept.month, kept.figures, kept.calculated_at, from_cache=True) if is_good else None


def check_month(month: str) -> None:
    """Raise Invalid unless `month` is one ("2026-03"), or empty for the present one."""
    if month:
        _days(month)


def _calculated(first: date, after: date) -> dict[str, int]:
    sums = select(Payment.currency, func.sum(Payment.amount_minor))
    received = sums.where(Payment.received_on >= first, Payment.received_on < after)
    found = db.session.execute(received.group_by(Payment.currency).order_by(Payment.currency))
    return {currency: int(total) for currency, total in found}


def _keep(month: str, version: int, figures: dict[str, int], now: datetime) -> bool:
    """Write a sum down, unless a payment of the month came in since `version` was read; say whether it was."""
    with transaction() as session:
        session.execute(insert_once(session, MonthRevenue), {"month": month, "version": 0})
        ours = update(MonthRevenue).where(MonthRevenue.month == month, MonthRevenue.version == version)
        return rows_changed(session, ours.values(figures=figures, calculated_at=now)) == 1


def _days(month: str) -> tuple[date, date]:
    """Return the first day of the month and of the next one."""
    found = _MONTH.fullmatch(month)
    if found is None or not 1990 <= int(found["year"]) <= 2199:
        raise Invalid(f"“{month[:20]}” is no month.", cure="Write it like 2026-03.", field="month")
    first = date(int(found["year"]), int(found["month"]), 1)
    return first, (first + timedelta(days=31)).replace(day=1)
