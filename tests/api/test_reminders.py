"""Reminders through the API: what comes next, due ones handed over, old events cleared away."""

from __future__ import annotations

from datetime import datetime

import pytest
from redis import Redis

from edupulse.accounts.audit import entries_of
from edupulse.database import db
from edupulse.reminders.models import Event
from tests.api.conftest import Program, problem
from tests.reminders.scenes import create, local, mails


def test_what_comes_next_is_listed_with_the_soonest_first(
    viewer: Program, redis: Redis, now: datetime
) -> None:
    create(title="Later", starts=local("2026-03-18 10:00"))
    create(title="Sooner")

    coming = viewer.get("/reminders/upcoming/?limit=1").get_json()["items"]

    assert [(each["title"], each["name"], each["due_at"]) for each in coming] == [
        ("Sooner", "Anna", "2026-03-16T08:45:00Z")
    ]


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_limit_that_makes_no_sense_is_refused(viewer: Program, limit: str) -> None:
    assert viewer.get(f"/reminders/upcoming/?limit={limit}").status_code == 422


def test_what_is_due_is_handed_over_now_and_that_is_on_record(
    operator: Program, redis: Redis, now: datetime
) -> None:
    create(starts=local("2026-03-12 10:10"))

    first, second = (operator.post("/reminders/check/").get_json() for _ in range(2))

    assert (first["due"], first["handed_over"], second["due"]) == (1, 1, 0)
    assert len(mails()) == 1
    entry = entries_of("reminders")[-1]
    assert (entry.actor, entry.action, entry.detail["due"]) == (
        "operator@school.example",
        "reminders.check",
        1,
    )


def test_old_events_are_counted_first_and_go_when_that_is_meant(
    operator: Program, redis: Redis, now: datetime
) -> None:
    create(title="Old", starts=local("2026-01-05 10:00"))

    tried = operator.post("/reminders/cleanup/").get_json()
    left = db.session.query(Event).count()
    done = operator.post("/reminders/cleanup/", {"dry_run": False}).get_json()

    assert (tried["dry_run"], tried["events"], tried["shown"][0]["title"], left) == (True, 1, "Old", 1)
    assert (done["dry_run"], done["events"]) == (False, 1)
    assert db.session.query(Event).count() == 0


@pytest.mark.parametrize("days", [0, 36_501, 10**12, 1.5])
def test_an_age_that_makes_no_sense_is_refused(operator: Program, days: float) -> None:
    refused = operator.post("/reminders/cleanup/", {"older_than_days": days})

    assert (refused.status_code, problem(refused)["field"]) == (422, "older_than_days")


def test_a_viewer_may_only_look(viewer: Program) -> None:
    assert [viewer.post(f"/reminders/{verb}/").status_code for verb in ("check", "cleanup")] == [403, 403]
