"""The audit log is read by filters, newest first, with what was before and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.audit import AuditFilter, entries, record
from tests.api.conftest import Program

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def some_acts() -> None:
    acts = [
        ("ada@school.example", "campaign.start", "campaign:7", {}),
        ("bo@school.example", "users.set_role", "user:3", {"before": "viewer", "after": "operator"}),
        ("ada@school.example", "campaign.pause", "campaign:77", {"reason": "typo"}),
        ("cli:root", "campaignX.start", "campaigns:7", {}),
    ]
    for minute, (actor, action, subject, detail) in enumerate(acts):
        with clock.frozen(START + timedelta(minutes=minute)):
            record(actor, action, subject, **detail)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (AuditFilter(), ["campaignX.start", "campaign.pause", "users.set_role", "campaign.start"]),
        (AuditFilter(actor="ada@school.example"), ["campaign.pause", "campaign.start"]),
        (AuditFilter(action="campaign"), ["campaign.pause", "campaign.start"]),
        (AuditFilter(action="campaign.start"), ["campaign.start"]),
        (AuditFilter(subject="campaign"), ["campaign.pause", "campaign.start"]),
        (AuditFilter(subject="campaign:7"), ["campaign.start"]),
        (AuditFilter(subject="campaign_"), []),
        (AuditFilter(since=START + timedelta(minutes=2)), ["campaignX.start", "campaign.pause"]),
        (AuditFilter(until=START + timedelta(minutes=1)), ["campaign.start"]),
    ],
)
def test_acts_are_found_by_who_what_and_when(app: Flask, filters: AuditFilter, found: list[str]) -> None:
    some_acts()

    assert [entry.action for entry in entries(filters).items] == found


def test_programs_of_administrators_read_it_page_by_page(program_of: Callable[[str], Program]) -> None:
    admin = program_of("admin")
    some_acts()

    first = admin.get("/audit/?action=campaign&size=1").get_json()
    second = admin.get(
        "/audit/", query_string={"action": "campaign", "size": 1, "cursor": first["next"]}
    ).get_json()

    assert [page["items"][0]["action"] for page in (first, second)] == ["campaign.pause", "campaign.start"]
    assert first["items"][0]["facts"] == {"reason": "typo"}
    change = admin.get("/audit/?subject=user:3&action=users").get_json()["items"][0]
    assert (change["before"], change["after"]) == ("viewer", "operator")


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_falls_off_the_calendar_is_refused(
    program_of: Callable[[str], Program], when: str
) -> None:
    assert program_of("admin").get("/audit/", query_string={"until": when}).status_code == 422


def test_a_time_without_an_offset_is_refused(program_of: Callable[[str], Program]) -> None:
    assert program_of("admin").get("/audit/?since=2026-03-12T09:00:00").status_code == 422


def test_others_may_not_read_it(viewer: Program, operator: Program) -> None:
    assert (viewer.get("/audit/").status_code, operator.get("/audit/").status_code) == (403, 403)
