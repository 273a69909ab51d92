"""The sums of months: kept for an hour, out of date with the next payment, right in any race."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.errors import Invalid
from edupulse.finance import payments, revenue
from edupulse.finance.models import Bill
from edupulse.finance.revenue import REVENUE_FOR, monthly
from jobs.finance import calculate_monthly_revenue
from tests.finance.scenes import a_bill, utc


@pytest.fixture
def bill(sqlite_app: Flask, now: datetime) -> Bill:
    return a_bill()


def pay(bill: Bill, minor: int, on: date = date(2026, 3, 12)) -> None:
    payments.pay(bill.id, minor, actor="test", received_on=on)


def test_a_month_is_what_came_in_less_what_went_back_by_currency(bill: Bill, now: datetime) -> None:
    other = a_bill(bill.person, currency="CNY")
    pay(bill, 5_000, date(2026, 3, 1))
    pay(bill, 1_000, date(2026, 2, 28))
    pay(other, 700)
    payments.refund(bill.id, 2_000, actor="test")

    assert monthly("2026-03", now).figures == {"CNY": 700, "EUR": 3_000}
    assert monthly("2026-02", now).figures == {"EUR": 1_000}
    assert monthly("2026-01", now).figures == {}


def test_a_sum_is_kept_for_an_hour(bill: Bill, now: datetime) -> None:
    pay(bill, 5_000)
    first = monthly("2026-03", now)

    within = monthly("2026-03", now + REVENUE_FOR - timedelta(seconds=1))
    after = monthly("2026-03", now + REVENUE_FOR)

    assert [first.from_cache, within.from_cache, after.from_cache] == [False, True, False]
    assert within.calculated_at == now
    assert monthly("2026-03", now + REVENUE_FOR, anew=True).from_cache is False


def test_a_payment_and_a_refund_put_the_sum_of_their_month_out_of_date_at_once(
    bill: Bill, now: datetime
) -> None:
    pay(bill, 1_000, date(2026, 2, 1))
    monthly("2026-02", now)
    monthly("2026-03", now)

    payments.refund(bill.id, 400, actor="test")

    assert (monthly("2026-03", now).figures, monthly("2026-03", now).from_cache) == ({"EUR": -400}, True)
    assert monthly("2026-02", now).from_cache is True


def test_a_sum_that_a_payment_overtakes_is_not_kept(
    bill: Bill, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    calculated = revenue._calculated
    late = [5_000]

    def slowly(first: date, after: date) -> dict[str, int]:
        found = calculated(first, after)
        if late:
            pay(bill, late.pop())
        return found

    monkeypatch.setattr(revenue, "_calculated", slowly)

    assert monthly("2026-03", now).figures == {"EUR": 5_000}
    assert monthly("2026-03", now).figures == {"EUR": 5_000}


def test_the_latest_months_come_first(bill: Bill, now: datetime) -> None:
    pay(bill, 5_000, date(2025, 12, 31))

    found = revenue.months(4, now)

    assert [(each.month, each.figures) for each in found] == [
        ("2026-03", {}),
        ("2026-02", {}),
        ("2026-01", {}),
        ("2025-12", {"EUR": 5_000}),
    ]


def test_clearing_the_cache_lets_every_month_be_calculated_anew(bill: Bill, now: datetime) -> None:
    revenue.months(3, now)

    assert revenue.clear_cache() == 3
    assert revenue.clear_cache() == 0
    assert monthly("2026-03", now).from_cache is False


@pytest.mark.parametrize(
    "month", ["2026-13", "2026-00", "26-03", "2026-3", "0001-01", "9999-12", "", "2026-03\0"]
)
def test_what_is_no_month_is_refused(sqlite_app: Flask, now: datetime, month: str) -> None:
    with pytest.raises(Invalid, match="no month"):
        monthly(month, now)


def test_the_job_adds_up_the_current_month_of_the_organisation(bill: Bill) -> None:
    pay(bill, 5_000)

    with clock.frozen(utc("2026-03-31 12:00")):
        assert calculate_monthly_revenue() == {"month": "2026-03", "EUR": 5_000}
        assert calculate_monthly_revenue(month="2026-02") == {"month": "2026-02"}


def test_a_month_begins_at_the_midnight_of_the_organisation(sqlite_app: Flask) -> None:
    assert revenue.current_month(utc("2026-03-31 23:59")) == "2026-03"
    assert revenue.month_of(date(2026, 4, 1)) == "2026-04"
