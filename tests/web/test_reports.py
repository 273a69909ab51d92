"""Pages of reports: searched, read, made, taken along, and sent to people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from edupulse.clock import frozen
from edupulse.database import db
from edupulse.reports import orders
from edupulse.reports.models import Report, ReportSubscription
from tests.rows import a_delivery
from tests.web.conftest import Browser

NOON = datetime(2026, 3, 12, 12, 0, tzinfo=UTC)
CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture(autouse=True)
def on_a_thursday() -> Iterator[None]:
    with frozen(NOON):
        yield


def a_report_of_yesterday() -> Report:
    with frozen(datetime(2026, 3, 11, 9, 30, tzinfo=UTC)):
        a_delivery("sent")
        a_delivery("rejected")
    return orders.make_now("daily", actor="test")


def test_an_empty_list_says_how_reports_come_about(viewer: Browser) -> None:
    assert "The scheduler makes one each hour" in viewer.get("/reports").text


def test_a_report_shows_its_figures_against_the_period_before(viewer: Browser) -> None:
    report = a_report_of_yesterday()

    listed, page = viewer.get("/reports").text, viewer.get(f"/reports/{report.id}").text

    assert "11 March 2026" in listed
    assert "Wednesday, 11 March 2026" in page
    assert "Mails accepted: up to 2" in page
    assert "<title>09:00: 2</title>" in page
    assert "+1" in page
    assert "Nothing happened, neither in this period nor in the one before:" in page


def test_reports_are_found_by_kind_words_and_days(viewer: Browser) -> None:
    a_report_of_yesterday()
    orders.make_now("weekly", actor="test")

    def found(question: str) -> list[bool]:
        text = viewer.get(f"/reports?{question}").text
        return ["11 March 2026" in text, "8 Mar 2026" in text]

    assert found("kind=weekly") == [False, True]
    assert found("q=wednesday") == [True, False]
    assert found("since=2026-03-11&until=2026-03-11") == [True, False]
    assert "No report fits" in viewer.get("/reports?q=nothing-like-it").text
    assert viewer.get("/reports?since=yesterday").status_code == 422


def test_the_last_day_of_a_search_ends_when_the_clock_has_changed_too(
    viewer: Browser, change_settings: Any
) -> None:
    change_settings(timezone="Europe/Berlin")
    with frozen(datetime(2026, 11, 1, 12, 0, tzinfo=UTC)):
        for kind, start in (("daily", "2026-03-29"), ("daily", "2026-03-30"), ("hourly", "2026-10-25T23")):
            orders.make_now(kind, start, actor="test")

    def found(day: str) -> list[bool]:
        text = viewer.get(f"/reports?since={day}&until={day}").text
        return [words in text for words in ("29 March 2026", "30 March 2026", "25 October 2026")]

    assert found("2026-03-29") == [True, False, False]
    assert found("2026-10-25") == [False, False, True]


def test_the_page_speaks_chinese(viewer: Browser) -> None:
    report = a_report_of_yesterday()

    page = viewer.get(f"/reports/{report.id}", headers=CHINESE).text

    assert "2026年3月11日" in page
    assert "与上一期" not in page
    assert "上期" in page
    assert "Mails accepted" not in page


def test_an_operator_makes_a_report_and_makes_it_again(operator: Browser) -> None:
    made = operator.post("/reports", {"kind": "monthly", "start": "2026-02"})
    again = operator.post(f"{made.location}/making", {})

    report = db.session.query(Report).one()
    assert (made.status_code, again.status_code) == (303, 303)
    assert (report.kind, report.times_made, report.made_by) == ("monthly", 2, "operator@school.example")
    assert "February 2026" in operator.get(made.location).text


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ({"kind": "daily", "start": "2026-03-12"}, "Name a period that is over"),
        ({"kind": "yearly"}, "Choose a kind"),
    ],
)
def test_what_cannot_be_made_comes_back_with_a_word(
    operator: Browser, typed: dict[str, str], word: str
) -> None:
    answer = operator.post("/reports", typed)

    assert answer.status_code == 422
    assert word in answer.text
    assert typed.get("start", "") in answer.text


def test_a_viewer_takes_the_table_along_and_makes_nothing(viewer: Browser) -> None:
    report = a_report_of_yesterday()

    table = viewer.get(f"/reports/{report.id}/table.csv")

    assert table.mimetype == "text/csv"
    assert table.data.startswith("\ufeffsection,figure".encode())
    assert viewer.post("/reports", {"kind": "daily"}).status_code == 403


def test_a_reader_gets_reports_by_mail_and_stops_them(viewer: Browser) -> None:
    viewer.post("/reports/subscriptions", {"kind": "weekly"})
    page = viewer.get("/reports/subscriptions").text
    kept = [(each.kind, each.address, each.locale) for each in db.session.query(ReportSubscription)]
    viewer.post("/reports/subscriptions/ends", {"kind": "weekly"})

    assert "You get them, in English." in page
    assert kept == [("weekly", "viewer@school.example", "en")]
    assert db.session.query(ReportSubscription).count() == 0


def test_only_an_administrator_sends_reports_to_others(viewer: Browser, admin: Browser) -> None:
    words = {"kind": "monthly", "address": "head@school.example", "locale": "zh"}

    refused, accepted = (each.post("/reports/subscriptions", words) for each in (viewer, admin))

    assert (refused.status_code, accepted.status_code) == (403, 303)
    assert "head@school.example" in admin.get("/reports/subscriptions").text
    assert "head@school.example" not in viewer.get("/reports/subscriptions").text


def test_an_address_that_is_none_comes_back(admin: Browser) -> None:
    answer = admin.post("/reports/subscriptions", {"kind": "monthly", "address": "head", "locale": "en"})

    assert answer.status_code == 422
    assert "This is no mail address." in answer.text
