"""Every figure equals a naive sum over the tables, on days of 23, 24 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from edupulse import clock
from edupulse.control.hours import count_hours
from edupulse.reminders.models import Event
from edupulse.reports.making import make
from edupulse.reports.models import KINDS, Report
from edupulse.reports.periods import parts
from edupulse.reports.reading import period_of
from tests.reports.scenes import Rows, all_of, naive, tables

SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
LATER = datetime(2026, 11, 1, 12, tzinfo=UTC)
STARTS = {
    "hourly": ("2026-10-25T02:00", "2026-10-25T02:00+01:00"),
    "daily": ("2026-03-29", "2026-10-25"),
    "weekly": ("2026-03-29",),
    "monthly": ("2026-10",),
}


@pytest.fixture
def berlin(change_settings: Any) -> None:
    change_settings(timezone="Europe/Berlin")


def test_figures_equal_an_independent_sum_over_random_rows(app: Flask, berlin: None) -> None:
    with clock.frozen(LATER):
        Rows(7, (SPRING, AUTUMN)).fill()
        reports = [make(kind, now=LATER, start=start) for kind in KINDS for start in STARTS[kind]]

    rows = tables()
    for report in reports:
        assert _comparable(report.figures) == _rounded(naive(rows, report.starts_at, report.ends_at))


def test_the_parts_of_a_chart_sum_to_their_figure(sqlite_app: Flask, berlin: None) -> None:
    counted = {
        "mail": "accepted",
        "campaigns": "launched",
        "mailboxes": "received",
        "finance": "payments",
        "jobs": "accepted",
    }
    starts = zip(KINDS, ("2026-10-26T09", "2026-10-25", "2026-10-25", "2026-10"), strict=True)
    with clock.frozen(LATER):
        Rows(8, (AUTUMN,)).fill()
        reports = [make(kind, now=LATER, start=start) for kind, start in starts]

    for report in reports:
        sums = {section: sum(report.series[section]) for section in counted}
        assert sums == {section: report.figures[section][key] for section, key in counted.items()}
        assert {len(each) for each in report.series.values()} == {len(parts(period_of(report))) - 1}


def test_what_is_open_is_what_was_open_plus_billed_less_received(sqlite_app: Flask, berlin: None) -> None:
    with clock.frozen(LATER):
        Rows(9, (AUTUMN,)).fill()
        before = make("daily", now=LATER, start="2026-10-24").figures["finance"]
        after = make("daily", now=LATER, start="2026-10-25").figures["finance"]

    moved = after.get("billed:EUR", 0) - after.get("received:EUR", 0)
    assert after["open:EUR"] == before["open:EUR"] + moved
    assert after["open:EUR"] != before["open:EUR"]


def test_hours_that_were_counted_give_the_same_figures_of_jobs(sqlite_app: Flask, berlin: None) -> None:
    with clock.frozen(LATER):
        Rows(10, (AUTUMN,)).fill()
        before = make("weekly", now=LATER, start="2026-10-25").figures["jobs"]
        count_hours(LATER)
        after = make("weekly", now=LATER, start="2026-10-25").figures["jobs"]

    assert after == before
    assert after["accepted"] > 0


def test_parts_of_an_hour_of_which_only_the_sum_is_kept_are_not_made_up(
    sqlite_app: Flask, berlin: None
) -> None:
    with clock.frozen(LATER):
        Rows(10, (SPRING,)).fill()
        report = make("hourly", now=LATER, start="2026-03-29T03:00")

    assert report.series["jobs"] == []
    assert len(report.series["mail"]) == 12


def test_dates_of_single_events_and_series_are_counted_and_cancelled_ones_are_not(
    sqlite_app: Flask, berlin: None
) -> None:
    with clock.frozen(datetime(2026, 10, 1, tzinfo=UTC)):
        Rows(11, (AUTUMN,)).plan_events()
    with clock.frozen(LATER):
        days = [make("daily", now=LATER, start=f"2026-10-{day}") for day in (24, 25, 26)]
        week = make("weekly", now=LATER, start="2026-10-25")

    found = [report.figures["events"]["dates"] for report in days]
    assert found == [_single_events(report) + 1 for report in days]
    assert week.figures["events"]["dates"] == sum(week.series["events"])


def _single_events(report: Report) -> int:
    return sum(
        report.starts_at <= each.starts_at < report.ends_at
        for each in all_of(Event)
        if each.state == "confirmed" and not each.is_series
    )


def _comparable(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures without the dates of events, which a plan says and no row, and money that is nothing."""
    found = {section: dict(each) for section, each in figures.items()}
    found["events"].pop("dates")
    found["finance"] = {key: value for key, value in found["finance"].items() if value or ":" not in key}
    return _rounded(found)


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    if "delay" in figures["mail"]:
        figures["mail"]["delay"] = pytest.approx(figures["mail"]["delay"], abs=0.06)
    return figures
