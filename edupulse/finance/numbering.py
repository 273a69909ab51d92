"""A bill without a number gets the next one of its year: 2026-00042."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.finance.models import Bill

LATEST = 20  # bills looked at first: with them it nearly always ends
_OURS = re.compile(r"(?P<year>\d{4})-(?P<count>\d{5,9})")


def next_count(session: Session, year: int, *, surely: bool = False) -> int:
    """Return what follows the largest count of the year.

    Bills come in the order of their numbers, so the latest few tell it; `surely` looks at all, for when that was wrong.
    """
    latest = select(Bill.number).order_by(Bill.id.desc()).limit(LATEST)
    if not surely and (found := _largest(session.scalars(latest), year)):
        return found + 1
    of_year = select(Bill.number).where(Bill.number.startswith(f"{year}-", autoescape=True))
    return _largest(session.scalars(of_year), year) + 1


def written(year: int, count: int) -> str:
    """Return the number as it stands on paper."""
    return f"{year}-{count:05d}"


def _largest(numbers: Iterable[str], year: int) -> int:
    found = (_OURS.fullmatch(number) for number in numbers)
    return max((int(each["count"]) for each in found if each and int(each["year"]) == year), default=0)
