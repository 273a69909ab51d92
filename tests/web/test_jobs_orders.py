"""What an operator orders on the pages of jobs: for one run, for all that match, for a queue or a kind of job."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from edupulse.accounts.models import AuditEntry
from edupulse.control import pauses
from edupulse.control.models import JobRun
from edupulse.database import db
from tests.rows import a_process, a_run
from tests.web.conftest import Browser, words_of

pytestmark = pytest.mark.usefixtures("now")
OPERATOR = "operator@school.example"


def state_of(run_id: str) -> str:
    return db.session.get_one(JobRun, run_id, populate_existing=True).state


def deeds() -> list[tuple[str, str]]:
    return [
        (entry.actor, entry.action)
        for entry in db.session.scalars(select(AuditEntry))
        if "job" in entry.action
    ]


# One run


@pytest.mark.parametrize(
    ("state", "act", "becomes"),
    [
        ("queued", "cancellation", "cancelled"),
        ("deferred", "cancellation", "cancelled"),
        ("failed", "retry", "queued"),
        ("cancelled", "retry", "queued"),
        ("interrupted", "retry", "queued"),
        ("interrupted", "settlement", "failed"),
        ("deferred", "push", "queued"),
        ("queued", "push", "queued"),
    ],
)
def test_an_operator_acts_on_a_run_from_its_page(
    operator: Browser, state: str, act: str, becomes: str
) -> None:
    a_run("run-1", state, attempts=1)
    assert f'action="/jobs/run-1/{act}"' in operator.get("/jobs/run-1").text

    answer = operator.post(f"/jobs/run-1/{act}", {"reason": "wrong class"})

    assert (answer.status_code, answer.location) == (303, "/jobs/run-1")
    assert state_of("run-1") == becomes
    assert [actor for actor, _ in deeds()] == [OPERATOR]


def test_who_asked_a_running_job_to_stop_is_shown_and_asked_only_once(operator: Browser) -> None:
    a_run("run-1", "started", worker="w1")

    operator.post("/jobs/run-1/cancellation", {"reason": "wrong class"})

    page = operator.get("/jobs/run-1")
    assert f"{OPERATOR} asked it to stop now : wrong class" in words_of(page)
    assert "/cancellation" not in page.text


@pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
def test_what_is_over_cannot_be_stopped(operator: Browser, state: str) -> None:
    a_run("run-1", state)

    assert "/cancellation" not in operator.get("/jobs/run-1").text
    refused = operator.post("/jobs/run-1/cancellation")

    assert (refused.status_code, "The run is over" in words_of(refused)) == (409, True)


def test_a_viewer_sees_no_buttons(viewer: Browser) -> None:
    a_run("run-1", "failed")
    a_run("run-2", "queued")

    assert all(
        'method="post" action="/jobs' not in viewer.get(f"/jobs/{run}").text for run in ("run-1", "run-2")
    )
    assert viewer.post("/jobs/run-1/retry").status_code == 403


def test_limits_tries_priority_key_and_deaths_are_shown(viewer: Browser, now: datetime) -> None:
    a_run(
        "run-1",
        "deferred",
        attempts=2,
        max_attempts=8,
        deaths=1,
        priority=1,
        unique_key="report:2026-03",
        available_at=now + timedelta(minutes=3),
    )

    page = words_of(viewer.get("/jobs/run-1"))

    for words in (
        "Next try in 3 min",
        "2 of at most 8",
        "asked to end after 25 min, ended after 30 min",
        "Priority High",
        "report:2026-03",
        "1 worker died under it",
    ):
        assert words in page


def test_a_quarantined_run_says_what_to_do_first(viewer: Browser) -> None:
    a_run("run-1", "failed", error_class="Quarantined", error_message="3 workers died under it.", deaths=3)

    assert "Find out why before you try it again" in words_of(viewer.get("/jobs/run-1"))


def test_a_run_whose_key_is_taken_names_the_holder_instead_of_offering_a_try(operator: Browser) -> None:
    a_run("run-1", "failed", unique_key="k")
    a_run("run-2", "queued", unique_key="k")

    page = operator.get("/jobs/run-1")

    assert 'href="/jobs/run-2"' in page.text
    assert "/jobs/run-1/retry" not in page.text


def test_a_reason_is_text_and_never_markup(operator: Browser) -> None:
    a_run("run-1", "started", worker="w1")

    operator.post("/jobs/run-1/cancellation", {"reason": "<b>no</b>"})

    assert "<b>no</b>" not in operator.get("/jobs/run-1").text


# All that match


def test_before_all_are_tried_again_their_number_is_shown(operator: Browser) -> None:
    for number in range(3):
        a_run(f"run-{number}", "failed", name="mail.sweep", queue="email")
    a_run("other", "failed")
    assert (
        'href="/jobs/retries?state=failed&amp;name=mail.sweep'
        in operator.get("/jobs?state=failed&name=mail.sweep").text
    )

    asked = operator.get("/jobs/retries?state=failed&name=mail.sweep")
    answer = operator.post("/jobs/retries", {"state": "failed", "name": "mail.sweep"})

    assert "Try 3 runs again?" in words_of(asked)
    assert answer.location == "/jobs?state=failed&name=mail.sweep"
    assert (state_of("run-0"), state_of("other")) == ("queued", "failed")
    assert deeds() == [(OPERATOR, "jobs.retry")]


def test_all_that_wait_are_called_off_and_what_runs_only_when_it_is_meant(operator: Browser) -> None:
    a_run("run-1", "queued")
    a_run("run-2", "started", worker="w1")
    assert "Call 2 runs off? " in words_of(operator.get("/jobs/cancellations"))

    operator.post("/jobs/cancellations", {"which": "waiting"})
    untouched = db.session.get_one(JobRun, "run-2", populate_existing=True).cancel_requested_at
    operator.post("/jobs/cancellations", {"which": "all", "reason": "closing"})

    assert (state_of("run-1"), untouched) == ("cancelled", None)
    assert db.session.get_one(JobRun, "run-2", populate_existing=True).cancel_reason == "closing"


@pytest.mark.parametrize("page", ["/jobs/retries", "/jobs/cancellations"])
def test_with_nothing_to_do_there_is_no_button(operator: Browser, page: str) -> None:
    a_run("run-1", "finished")

    shown = operator.get(page)

    assert "There is nothing to" in words_of(shown)
    assert f'action="{page}"' not in shown.text


def test_orders_about_all_that_match_are_for_operators(viewer: Browser) -> None:
    a_run("run-1", "failed")

    assert "/jobs/retries" not in viewer.get("/jobs?state=failed").text
    assert viewer.get("/jobs/retries").status_code == 403
    assert viewer.post("/jobs/retries").status_code == 403
    assert state_of("run-1") == "failed"


# Pauses


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("job", "diagnostics.ping")])
def test_an_operator_pauses_and_resumes(operator: Browser, now: datetime, scope: str, name: str) -> None:
    a_run("run-1", "queued")
    assert "1 run waits here" in words_of(operator.get(f"/pauses/{scope}/{name}"))

    operator.post(f"/pauses/{scope}/{name}", {"reason": "the printer burns", "length": "60"})

    (held,) = pauses.holding(now)
    assert (held.actor, held.until) == (OPERATOR, now + timedelta(hours=1))
    assert f"by {OPERATOR}: the printer burns, until" in words_of(operator.get("/jobs"))
    assert "the printer burns" in words_of(operator.get("/jobs/run-1"))
    operator.post(f"/pauses/{scope}/{name}/end")
    assert pauses.holding(now) == []


def test_a_length_of_somebody_elses_making_is_refused(operator: Browser, now: datetime) -> None:
    assert operator.post("/pauses/queue/default", {"length": "7"}).status_code == 422
    assert pauses.holding(now) == []


@pytest.mark.parametrize("address", ["/pauses/queue/nowhere", "/pauses/job/no.job", "/pauses/tenant/x"])
def test_what_does_not_exist_has_no_switch(operator: Browser, address: str) -> None:
    assert operator.get(address).status_code == 404
    assert operator.post(address).status_code == 404


def test_a_viewer_sees_the_pause_and_no_switch(viewer: Browser) -> None:
    pauses.pause("queue", "email", "ada@school.example", "exam")

    page = viewer.get("/jobs")

    assert "Paused by ada@school.example: exam" in words_of(page)
    assert "/pauses/queue" not in page.text
    assert viewer.post("/pauses/queue/email/end").status_code == 403


# Who works on what


def test_each_worker_shows_what_it_works_on(viewer: Browser) -> None:
    worker = a_process(threads=4)
    a_process()
    a_run("run-1", "started", worker=worker.name)
    a_run("run-2", "started", name="mail.sweep", worker=worker.name)

    page = viewer.get("/jobs")

    assert "2 of 4 busy diagnostics.ping mail.sweep" in words_of(page)
    assert words_of(page).count(" ready ") == 1


def test_all_that_wait_and_match_are_due_at_once(operator: Browser, now: datetime) -> None:
    a_run("late", "deferred", attempts=1, available_at=now + timedelta(hours=1))
    a_run("other", "deferred", attempts=1, queue="email", available_at=now + timedelta(hours=1))

    asked = operator.get("/jobs/pushes?queue=default")
    operator.post("/jobs/pushes", {"queue": "default"})

    assert "Push 1 run again? Those in the queue “default”." in words_of(asked)
    assert (state_of("late"), state_of("other")) == ("queued", "deferred")
