"""A year of a school, lived on a simulated clock: what EduPulse says of it is what the school knows of it."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import fakeredis
import pytest
from sqlalchemy import select

from edupulse import clock, create_app
from edupulse.config import Settings
from edupulse.database import db
from edupulse.finance import revenue
from edupulse.finance.models import Bill, BillReminder
from edupulse.mail.models import Delivery
from edupulse.reports.models import Report
from edupulse.reports.subscriptions import subscribe
from edupulse.schema import upgrade
from jobs.catalog import CATALOG
from tests.journeys.school_year import (
    CLOCK_CHANGES,
    FIRST_DAY,
    LAST_DAY,
    MIDNIGHT,
    ZONE,
    OwnBook,
    SchoolYear,
    at,
    local_day,
)

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]  # a whole year in one fixture
HEAD = "head@school.example"
END = LAST_DAY + timedelta(days=1)


@pytest.fixture(scope="module")
def year(make_settings: Callable[..., Settings]) -> Iterator[SchoolYear]:
    app = create_app(make_settings(TIMEZONE=ZONE), catalog=CATALOG, serving=False)
    app.extensions["edupulse"].redis = fakeredis.FakeRedis()
    with app.app_context():
        upgrade()
        gc.collect()
        gc.freeze()  # what was imported need not be walked through again and again
        school = SchoolYear()
        school.begin()
        for kind in ("weekly", "monthly"):
            subscribe(kind, HEAD, locale="en", actor="school")
        school.live()
        with clock.frozen(at(END, MIDNIGHT)):
            yield school
        db.session.remove()
        db.engine.dispose()


def test_each_bill_stands_as_the_school_knows_it(year: SchoolYear) -> None:
    stored = {bill.number: bill for bill in db.session.scalars(select(Bill))}

    assert {number: (bill.paid_minor, bill.state) for number, bill in stored.items()} == {
        number: (book.paid_until(END_OF_TIME), _state(book)) for number, book in year.books.items()
    }


def test_each_was_reminded_at_every_stage_that_found_the_bill_open_and_nobody_twice(year: SchoolYear) -> None:
    wanted = {
        (book.number, days)
        for book in year.books.values()
        for days in book.reminders_until(at(END, MIDNIGHT))
    }
    handed = select(Bill.number, BillReminder.days, BillReminder.delivery_id).join(BillReminder.bill)
    sent = db.session.execute(handed.where(BillReminder.state == "handed_over")).all()
    mails = db.session.scalars(select(Delivery.id).where(Delivery.kind == "bill_reminder")).all()

    assert Counter((number, days) for number, days, _ in sent) == Counter(wanted)
    assert sorted(id for *_, id in sent) == sorted(mails)


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly"])
def test_each_report_says_of_the_money_what_the_schools_own_books_say(year: SchoolYear, kind: str) -> None:
    reports = _reports(kind)

    assert {each.starts_at: _money_in(each) for each in reports} == {
        each.starts_at: _money_of(year, each) for each in reports
    }


def test_there_is_one_report_for_each_period_that_was_over(year: SchoolYear) -> None:
    days = {local_day(each.starts_at) for each in _reports("daily")}

    assert days == {FIRST_DAY + timedelta(days=number) for number in range(-1, 364)}
    assert [len(_reports(kind)) for kind in ("daily", "weekly", "monthly")] == [365, 52, 12]


def test_the_reports_of_days_count_the_mails_that_stand_in_the_table(year: SchoolYear) -> None:
    naive: Counter[tuple[date, str]] = Counter()
    for accepted_at, state in db.session.execute(select(Delivery.accepted_at, Delivery.state)):
        naive[local_day(accepted_at), state] += 1

    for report in _reports("daily"):
        day, figures = local_day(report.starts_at), report.figures["mail"]
        assert figures["sent"] == naive[day, "sent"], day
        assert figures["rejected"] == naive[day, "rejected"], day
        assert figures["accepted"] == sum(number for (when, _), number in naive.items() if when == day), day


def test_the_days_on_which_the_clock_changes_have_23_and_25_hours_that_add_up(year: SchoolYear) -> None:
    hours = {
        day: [each for each in _reports("hourly") if local_day(each.starts_at) == day]
        for day in CLOCK_CHANGES
    }
    days = {local_day(each.starts_at): each for each in _reports("daily")}

    assert [len(of_day) for of_day in hours.values()] == [23, 25]
    for day, of_day in hours.items():
        for figure in ("bills", "payments", "billed:EUR", "received:EUR"):
            assert (
                sum(each.figures["finance"].get(figure, 0) for each in of_day)
                == (days[day].figures["finance"][figure])
            ), (day, figure)


def test_a_report_compares_with_the_one_before_it(year: SchoolYear) -> None:
    for kind in ("daily", "weekly", "monthly"):
        reports = _reports(kind)
        for earlier, later in pairwise(reports):
            assert later.before["finance"]["payments"] == earlier.figures["finance"]["payments"], (
                later.starts_at
            )


def test_the_revenue_of_each_month_is_what_came_in(year: SchoolYear) -> None:
    came_in = _sums(((f"{day:%Y-%m}", currency), amount) for (day, currency), amount in year.received.items())

    for month in range(1, 13):
        named = f"2026-{month:02}"
        found = revenue.monthly(named, clock.now()).figures
        assert found == {currency: amount for (when, currency), amount in came_in.items() if when == named}


def test_each_report_was_mailed_once(year: SchoolYear) -> None:
    mails = db.session.scalars(select(Delivery).where(Delivery.kind == "report")).all()

    assert len({(each.subject_id, each.occurrence) for each in mails}) == len(mails) == 52 + 12
    assert {each.address for each in mails} == {HEAD}


END_OF_TIME = datetime.max.replace(tzinfo=at(END, MIDNIGHT).tzinfo)


def _state(book: OwnBook) -> str:
    paid = book.paid_until(END_OF_TIME)
    if paid == book.amount:
        return "paid"
    if book.due_on < LAST_DAY:
        return "overdue"
    return "partly_paid" if paid else "open"


def _reports(kind: str) -> list[Report]:
    return list(db.session.scalars(select(Report).where(Report.kind == kind).order_by(Report.starts_at)))


def _money_in(report: Report) -> dict[str, int]:
    figures = report.figures["finance"]
    return {key: value for key, value in figures.items() if ":" in key and value}


def _money_of(year: SchoolYear, report: Report) -> dict[str, int]:
    first, last = local_day(report.starts_at), local_day(report.ends_at)
    found: Counter[str] = Counter()
    for name, book in (("billed", year.billed), ("received", year.received), ("revenue", year.received)):
        found.update(
            _sums(
                (f"{name}:{currency}", amount)
                for (day, currency), amount in book.items()
                if first <= day < last
            )
        )
    for each in year.books.values():
        if each.entered >= report.ends_at or (each.settled_at and each.settled_at < report.ends_at):
            continue
        owed = each.owed_at(report.ends_at)
        found[f"open:{each.currency}"] += owed
        found[f"overdue:{each.currency}"] += owed if each.due_on < last else 0
    return {key: value for key, value in found.items() if value}


def _sums(pairs: Iterable[tuple[Any, int]]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for key, amount in pairs:
        found[key] += amount
    return found
