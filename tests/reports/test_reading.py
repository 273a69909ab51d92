"""Reports are found again by kind, day and word, and read against the period before."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from flask import Flask

from edupulse.errors import Invalid, NotFound
from edupulse.reports import reading
from edupulse.reports.making import make
from edupulse.reports.models import Report
from edupulse.reports.reading import Change
from tests.rows import a_delivery


def a_report(**values: Any) -> Report:
    """Return a report of figures, without a database."""
    facts: dict[str, Any] = {
        "kind": "daily",
        "starts_at": datetime(2026, 3, 11, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 12, tzinfo=UTC),
        "timezone": "UTC",
        "series": {},
        "before": {},
    }
    return Report(**{**facts, **values})


def changed(section: str, figure: str, now: dict[str, Any], before: dict[str, Any]) -> Change:
    report = a_report(figures={section: now}, before={section: before})
    (part,) = reading.changes(report)
    (found,) = (each for each in part.figures if each.figure.key == figure)
    return found


@pytest.mark.parametrize(
    ("figure", "value", "before", "tone"),
    [
        ("bounced", 3, 2, "worse"),
        ("bounced", 2, 3, "better"),
        ("bounced", 3, 3, ""),
        ("accepted", 9, 3, ""),
        ("reached", 0.9, 0.8, "better"),
    ],
)
def test_the_tone_follows_the_way_a_figure_should_go(
    figure: str, value: float, before: float, tone: str
) -> None:
    assert changed("mail", figure, {figure: value}, {figure: before}).tone == tone


def test_a_change_says_how_much_and_which_share() -> None:
    found = changed("mail", "bounced", {"bounced": 3}, {"bounced": 2})

    assert (found.difference, found.share) == (1, 0.5)


def test_a_change_from_nothing_has_no_share() -> None:
    assert changed("mail", "bounced", {"bounced": 3}, {"bounced": 0}).share is None


def test_an_average_of_nothing_is_neither_better_nor_worse() -> None:
    found = changed("mail", "delay", {"delay": 4.5}, {})

    assert (found.value, found.before, found.tone) == (4.5, 0, "")


def test_money_stands_apart_by_currency_also_where_one_is_new() -> None:
    report = a_report(figures={"finance": {"billed:EUR": 500}}, before={"finance": {"billed:CNY": 700}})

    (part,) = reading.changes(report)

    assert [(each.currency, each.value, each.before) for each in part.figures] == [
        ("CNY", 0, 700),
        ("EUR", 500, 0),
    ]


def test_a_section_that_an_older_version_had_is_left_out() -> None:
    assert reading.changes(a_report(figures={"pigeons": {"sent": 3}})) == ()


def test_a_report_is_found_by_words_of_both_languages(sqlite_app: Flask, now: datetime) -> None:
    a_delivery("bounced", accepted_at=now - timedelta(days=1))
    daily, monthly = make("daily", now=now), make("monthly", now=now)

    found = {text: [each.id for each in reading.reports(search=text).items] for text in (
        "Wednesday 11 MARCH", "2026-03-11", "came back", "星期三", "february", "100%", "march february",
    )}  # fmt: skip

    assert found == {
        "Wednesday 11 MARCH": [daily.id],
        "2026-03-11": [daily.id],
        "came back": [daily.id],
        "星期三": [daily.id],
        "february": [monthly.id],
        "100%": [],
        "march february": [],
    }


def test_reports_are_listed_by_kind_and_day_the_newest_first_page_by_page(app: Flask, now: datetime) -> None:
    for day in (7, 8, 9, 10):
        make("daily", now=now, start=f"2026-03-{day:02d}")
    make("hourly", now=now)

    begin = datetime(2026, 3, 8, tzinfo=UTC)
    first = reading.reports("daily", begin=begin, end=begin + timedelta(days=3), size=2)
    second = reading.reports(
        "daily", begin=begin, end=begin + timedelta(days=3), size=2, cursor=first.next or ""
    )

    assert [each.starts_at.day for each in [*first.items, *second.items]] == [10, 9, 8]
    assert second.next is None


def test_what_is_not_there_is_said(sqlite_app: Flask) -> None:
    with pytest.raises(NotFound, match="no report 7"):
        reading.existing(7)
    with pytest.raises(Invalid):
        reading.reports("yearly")


def test_the_table_has_a_mark_money_in_whole_units_and_computes_nothing() -> None:
    figures = {"mail": {"bounced": 1}, "finance": {"received:EUR": -1250, "received:JPY": 900}}
    data = reading.as_csv(a_report(figures=figures, before={"mail": {"bounced": 4}}))

    rows = list(csv.DictReader(StringIO(data.decode("utf-8-sig"))))
    assert data.startswith(b"\xef\xbb\xbf")
    assert [(row["unit"], row["value"], row["difference"], row["change_percent"]) for row in rows] == [
        ("count", "1", "-3", "-75.0"),
        ("EUR", "-12.50", "-12.50", ""),
        ("JPY", "900", "900", ""),
    ]
    assert not any(row["title"].startswith(("=", "+", "-", "@")) for row in rows)


def test_the_table_speaks_the_readers_language() -> None:
    data = reading.as_csv(a_report(figures={"jobs": {"failed": 1}}), "zh").decode("utf-8-sig")

    assert "任务" in data
