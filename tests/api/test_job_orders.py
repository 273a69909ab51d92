"""What is ordered about runs: one by its id, many by ids or filter, and jobs that are held."""

from __future__ import annotations

from datetime import datetime

import pytest

from edupulse.accounts.audit import entries_of
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.api.conftest import Program, problem
from tests.rows import a_run

OPERATOR = "operator@school.example"


def states() -> dict[str, str]:
    return {run.id: run.state for run in db.session.query(JobRun)}


@pytest.mark.parametrize(
    ("before", "order", "status", "after"),
    [
        ("queued", "revoke", 200, "cancelled"),
        ("started", "revoke", 200, "started"),
        ("failed", "retry", 202, "queued"),
        ("deferred", "requeue", 202, "queued"),
        ("interrupted", "leave", 200, "failed"),
    ],
)
def test_one_run_is_moved_and_the_order_is_on_record(
    operator: Program, now: datetime, before: str, order: str, status: int, after: str
) -> None:
    a_run("r-1", before, ended_at=now if before == "failed" else None)

    done = operator.post(f"/jobs/r-1/{order}/")

    assert (done.status_code, done.get_json()["status"]) == (status, after)
    assert [entry.actor for entry in entries_of("job:r-1")] == [OPERATOR]


def test_a_run_that_is_asked_to_stop_shows_who_asked_and_why(operator: Program, now: datetime) -> None:
    a_run("r-1", "started", started_at=now)

    operator.post("/jobs/r-1/revoke/", {"reason": "too many"})

    job = operator.get("/jobs/r-1/").get_json()
    assert (job["stop_requested_by"], job["stop_reason"]) == (OPERATOR, "too many")


@pytest.mark.parametrize("order", ["revoke", "retry", "requeue", "leave"])
def test_a_state_that_forbids_it_is_a_conflict_and_a_stranger_is_not_found(
    operator: Program, now: datetime, order: str
) -> None:
    a_run("r-1", "finished", ended_at=now)

    assert operator.post(f"/jobs/r-1/{order}/").status_code == 409
    assert operator.post(f"/jobs/r-2/{order}/").status_code == 404


def test_many_are_tried_again_by_ids_and_others_are_passed_by(operator: Program, now: datetime) -> None:
    a_run("r-1", "failed", ended_at=now)
    a_run("r-2", "finished", ended_at=now)

    done = operator.post("/jobs/retry/", {"ids": ["r-1", "r-2", "r-3"]})

    assert done.get_json() == {"order": "retry", "jobs": 1, "dry_run": False, "passed_by": 2}
    assert states() == {"r-1": "queued", "r-2": "finished"}


def test_many_are_called_off_by_filter(operator: Program, now: datetime) -> None:
    a_run("r-1", "queued")
    a_run("r-2", "queued", name="mail.sweep", queue="email")
    a_run("r-3", "started", name="mail.sweep", queue="email")

    wish = {"filter": {"name": "mail.sweep"}, "waiting_only": True, "reason": "not today"}
    done = operator.post("/jobs/revoke/", wish)

    assert done.get_json() == {"order": "revoke", "jobs": 1, "dry_run": False, "passed_by": None}
    assert states() == {"r-1": "queued", "r-2": "cancelled", "r-3": "started"}


def test_many_are_due_at_once(operator: Program, now: datetime) -> None:
    a_run("r-1", "deferred")

    assert operator.post("/jobs/requeue/", {"filter": {"status": "deferred"}}).get_json()["jobs"] == 1
    assert states() == {"r-1": "queued"}


@pytest.mark.parametrize(
    ("order", "state"), [("revoke", "queued"), ("retry", "failed"), ("requeue", "queued")]
)
def test_a_dry_run_only_counts_also_under_a_key(
    operator: Program, now: datetime, order: str, state: str
) -> None:
    a_run("r-1", state)
    wish = {"filter": {"status": state}, "dry_run": True}

    answers = [
        operator.post(f"/jobs/{order}/", wish, headers={"Idempotency-Key": "once"}).get_json() for _ in "ab"
    ]

    assert answers == 2 * [{"order": order, "jobs": 1, "dry_run": True, "passed_by": None}]
    assert states() == {"r-1": state}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"filter": {}},
        {"filter": {"failed": False}},
        {"filter": {"name": "", "status": None}},
        {"ids": []},
        {"ids": ["r-1"], "filter": {"name": "x"}},
        {"filter": {"text": "x"}},
    ],
)
def test_an_order_about_nothing_or_everything_is_refused(operator: Program, wish: dict[str, object]) -> None:
    a_run("r-1", "queued")

    assert operator.post("/jobs/revoke/", wish).status_code == 422
    assert states() == {"r-1": "queued"}


def test_a_job_is_paused_until_an_hour_and_resumed(operator: Program, now: datetime) -> None:
    wish = {"reason": "the server moves", "until": "2026-03-12T12:00:00Z"}

    paused = operator.post("/jobs/mail.deliver/pause/", wish).get_json()
    resumed = operator.post("/jobs/mail.deliver/resume/").get_json()

    assert (paused["name"], paused["until"], paused["actor"]) == ("mail.deliver", wish["until"], OPERATOR)
    assert resumed == {"name": "mail.deliver", "was_paused": True}


def test_what_is_no_job_cannot_be_paused(operator: Program) -> None:
    refused = operator.post("/jobs/mail.delivery/pause/")

    assert refused.status_code == 422
    assert "mail.deliver" in problem(refused)["cure"]
