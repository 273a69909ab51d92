"""The log of acts: found by who, what, to what and when; what changed is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edupulse import clock
from edupulse.accounts.audit import record
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=ada@school.example", {"a"}),
        ("action=campaigns", {"b"}),
        ("subject=event:7", {"a"}),
        ("subject=event", {"a"}),
        ("since=2026-03-12T09:30:00Z", {"b"}),
        ("until=2026-03-12T09:30", {"a"}),
        ("actor=nobody", set()),
    ],
)
def test_acts_are_found(admin: Browser, query: str, found: set[str]) -> None:
    record("ada@school.example", "event.cancel", "event:7", mark="act-a")
    with clock.frozen(clock.now() + timedelta(hours=1)):
        record("system", "campaigns.start", "campaign:1", mark="act-b")

    page = words_of(admin.get(f"/audit?{query}"))

    assert {letter for letter in "ab" if f"act-{letter}" in page} == found


def test_only_what_changed_is_shown_as_before_and_after(admin: Browser) -> None:
    record(
        "ada@school.example",
        "schedule.change",
        "schedule:x",
        before={"cron": "0 * * * *", "queues": ["email"], "on": True, "same": 1},
        after={"cron": "5 * * * *", "queues": ["email", "poll"], "on": False, "same": 1},
    )
    record("ada@school.example", "users.set_role", "user:1", before="viewer", after="<b>admin</b>")

    page = admin.get("/audit")

    words = words_of(page)
    assert "cron: 0 * * * * → 5 * * * *" in words
    assert "queues: email → email, poll" in words
    assert "on: yes → no" in words
    assert "same" not in words
    assert "viewer → <b>admin</b>" in words
    assert "<b>admin" not in page.text


def test_a_time_that_is_none_is_refused(admin: Browser) -> None:
    refused = admin.get("/audit?since=yesterday")

    assert (refused.status_code, "is not a day and a time" in words_of(refused)) == (422, True)


def test_it_is_for_administrators(operator: Browser) -> None:
    assert operator.get("/audit").status_code == 403
