"""Calendar files through the API: as a file or as JSON, twice the same, and what cannot be brought in."""

from __future__ import annotations

from datetime import datetime

import pytest
from redis import Redis

from edupulse.database import db
from edupulse.reminders.imports import import_ics
from edupulse.reminders.models import Event
from edupulse.transaction import transaction
from tests.api.conftest import Program, problem

FILE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//School//Calendar//EN
BEGIN:VEVENT
UID:painting@school.example
DTSTART:20260316T090000Z
DTEND:20260316T100000Z
SUMMARY:油画
END:VEVENT
BEGIN:VEVENT
UID:often@school.example
DTSTART:20260317T090000Z
DTEND:20260317T091000Z
RRULE:FREQ=DAILY
SUMMARY:Too often
ATTENDEE:mailto:anna@school.example
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(autouse=True)
def few_reminders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an event that would need more than ten reminders be refused, once it is written."""
    monkeypatch.setattr("edupulse.reminders.planner.MOST_ROWS", 10)


def test_a_calendar_file_is_brought_in_once(operator: Program, redis: Redis, now: datetime) -> None:
    data = FILE.replace("\n", "\r\n").encode()

    first, second = (
        operator.post("/events/import/", data=data, content_type="text/calendar; charset=utf-8").get_json()
        for _ in range(2)
    )

    assert [each["title"] for each in first["added"]] == ["油画"]
    assert (first["total"], len(first["rejected"])) == (2, 1)
    assert "Too often" in first["rejected"][0]
    assert (second["added"], second["unchanged"]) == ([], first["added"])


def test_it_may_come_as_json(operator: Program, redis: Redis, now: datetime) -> None:
    report = operator.post("/events/import/", {"calendar": FILE}).get_json()

    assert [each["title"] for each in report["added"]] == ["油画"]


def test_what_is_refused_leaves_no_trace_in_a_running_transaction_either(
    operator: Program, redis: Redis, now: datetime
) -> None:
    with transaction():
        report = import_ics(FILE.encode(), "operator@school.example")

    assert len(report.rejected) == 1
    assert db.session.query(Event).count() == 1


def test_a_key_does_not_make_one_long_transaction_of_a_file(
    operator: Program, redis: Redis, now: datetime
) -> None:
    first, second = (
        operator.post("/events/import/", {"calendar": FILE}, headers={"Idempotency-Key": "one"})
        for _ in range(2)
    )

    assert "Idempotent-Replay" not in second.headers
    assert second.get_json()["unchanged"] == first.get_json()["added"]


def test_what_is_no_calendar_is_told(operator: Program) -> None:
    report = operator.post("/events/import/", data=b"hello", content_type="text/calendar").get_json()

    assert (report["total"], len(report["notes"])) == (0, 1)


def test_another_kind_of_file_and_a_huge_one_are_refused(operator: Program) -> None:
    picture = operator.post("/events/import/", data=b"x", content_type="image/png")
    huge = operator.post("/events/import/", data=b" " * 5_000_001, content_type="text/calendar")

    assert (picture.status_code, huge.status_code) == (415, 422)
    assert problem(huge)["field"] == "calendar"
