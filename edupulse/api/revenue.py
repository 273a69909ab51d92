"""`/revenue`: what came in by month and currency, and from when that is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from edupulse.api.answers import facts_of
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Query, Shown
from edupulse.clock import now
from edupulse.finance import revenue

noun = Noun("revenue", __name__, url_prefix="/revenue")


class HowManyMonths(Query):
    """How many months, the present one first."""

    months: int = Field(24, ge=1, le=revenue.MOST_MONTHS)


class MonthOfRevenue(Shown):
    """What came in during a month, less what went back: whole minor units by currency; kept for an hour."""

    month: str
    figures: dict[str, int]
    calculated_at: datetime
    from_cache: bool


@noun.get("/", query=HowManyMonths, gives=ListOf[MonthOfRevenue])
def list_months(query: HowManyMonths) -> dict[str, Any]:
    """List the latest months."""
    return {
        "items": [facts_of(each, MonthOfRevenue) for each in revenue.months(query.months, now(), keep=False)]
    }


@noun.get("/<month>/", gives=MonthOfRevenue)
def show(month: str) -> dict[str, Any]:
    """Return one month, such as 2026-03."""
    return facts_of(revenue.monthly(month, now(), keep=False), MonthOfRevenue)


@noun.post("/<month>/calculate/", gives=MonthOfRevenue)
@unkeyed  # done again it gives the same figures
def calculate(month: str) -> dict[str, Any]:
    """Calculate a month anew from the payments."""
    return facts_of(revenue.monthly(month, now(), anew=True), MonthOfRevenue)
