"""`/reports`: made, searched, read, taken along; `/reports/subscriptions`: who gets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from edupulse.clock import frozen
from tests.api.conftest import Program, problem
from tests.rows import a_delivery


def test_a_report_is_made_listed_and_shown(operator: Program, now: datetime) -> None:
    with frozen(now - timedelta(days=1)):
        a_delivery("sent")

    made = operator.post("/reports/", {"kind": "daily"})
    shown = operator.get(f"/reports/{made.get_json()['id']}/").get_json()
    listed = operator.get("/reports/?kind=daily&search=wednesday").get_json()["items"]

    assert made.status_code == 201
    assert shown == made.get_json()
    assert [each["title"] for each in listed] == ["Wednesday, 11 March 2026"]
    mail = next(part for part in shown["sections"] if part["key"] == "mail")
    accepted = next(each for each in mail["figures"] if each["key"] == "accepted")
    assert (accepted["value"], accepted["before"], accepted["share"]) == (1, 0, None)
    assert sum(mail["series"]) == 1


def test_a_report_comes_as_a_table(operator: Program, now: datetime) -> None:
    number = operator.post("/reports/", {"kind": "hourly"}).get_json()["id"]

    table = operator.get(f"/reports/{number}/table/")

    assert table.mimetype == "text/csv"
    assert b"mail,accepted" in table.data


def test_a_period_that_is_not_over_is_refused(operator: Program, now: datetime) -> None:
    refused = operator.post("/reports/", {"kind": "daily", "start": "2026-03-12"})

    assert refused.status_code == 422
    assert problem(refused)["field"] == "start"


def test_a_program_subscribes_its_person_and_nobody_else(viewer: Program, now: datetime) -> None:
    mine = viewer.post("/reports/subscriptions/", {"kind": "weekly"}).get_json()
    others = viewer.post("/reports/subscriptions/", {"kind": "weekly", "address": "head@school.example"})

    listed = viewer.get("/reports/subscriptions/").get_json()["items"]
    ended = viewer.delete(f"/reports/subscriptions/weekly/{mine['address']}/")

    assert others.status_code == 403
    assert listed == [mine]
    assert ended.get_json() == {"kind": "weekly", "ended": mine["address"]}
    assert viewer.delete(f"/reports/subscriptions/weekly/{mine['address']}/").status_code == 404


def test_an_administrator_sees_to_everybody(program_of: Callable[[str], Program], now: datetime) -> None:
    admin = program_of("admin")
    words = {"kind": "daily", "address": "head@school.example", "locale": "zh"}

    made = admin.post("/reports/subscriptions/", words)

    assert made.status_code == 201
    assert [each["address"] for each in admin.get("/reports/subscriptions/").get_json()["items"]] == [
        "head@school.example"
    ]
