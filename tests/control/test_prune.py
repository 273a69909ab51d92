"""What has been kept long enough goes, what is still needed stays, and the figures do too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from edupulse.accounts.models import ApiToken, IdempotentCall, User
from edupulse.control import prune as pruning
from edupulse.control.actions import retry
from edupulse.control.hours import count_hours
from edupulse.control.models import JobRun, Worker, Workflow, WorkflowStep
from edupulse.control.monitor import statistics
from edupulse.control.prune import prune
from edupulse.database import db
from edupulse.transaction import transaction
from tests.rows import a_process, a_run

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def kept_for_five_days(app: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(job_history_days=5)


def an_old_run(run_id: str, state: str, now: datetime, days: float, **values: object) -> None:
    at = now - days * DAY
    a_run(run_id, state, created_at=at, available_at=at, ended_at=at, **values)


def left() -> set[str]:
    return set(db.session.scalars(select(JobRun.id)))


def a_token(now: datetime) -> ApiToken:
    person = User(
        email="ada@school.example",
        name="Ada",
        role="admin",
        password_hash="x",
        session_key="x",
        created_at=now,
    )
    with transaction() as session:
        session.add(person)
        session.flush()
        token = ApiToken(
            user_id=person.id, name="portal", role="admin", token_hash="x", hint="x", created_at=now
        )
        session.add(token)
    return token


def test_runs_that_are_over_go_after_their_time(app: Flask, now: datetime) -> None:
    an_old_run("old", "finished", now, 6), an_old_run("bad", "failed", now, 9)
    an_old_run("young", "finished", now, 4), an_old_run("waiting", "queued", now, 20)

    assert prune(now)["runs"] == 2
    assert left() == {"young", "waiting"}


def test_the_setting_says_how_long(app: Flask, now: datetime, change_settings: Callable[..., None]) -> None:
    change_settings(job_history_days=10)
    an_old_run("old", "finished", now, 11), an_old_run("young", "finished", now, 9)

    prune(now)

    assert left() == {"young"}


def test_a_job_may_keep_its_runs_for_a_shorter_time(
    app: Flask, now: datetime, change_settings: Callable[..., None]
) -> None:
    change_settings(job_history_days=90)
    an_old_run("poll", "finished", now, 8, name="mailboxes.poll"), an_old_run("ping", "finished", now, 8)

    prune(now)

    assert left() == {"ping"}


def test_what_ended_lately_stays_however_long_ago_it_was_accepted(app: Flask, now: datetime) -> None:
    a_run("long", "finished", created_at=now - 9 * DAY, ended_at=now - DAY)

    prune(now)

    assert left() == {"long"}


def test_many_go_in_batches(app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        an_old_run(f"run-{number}", "finished", now, 9)
    monkeypatch.setattr(pruning, "AT_ONCE", 3)

    assert prune(now)["runs"] == 7


def test_runs_of_an_open_workflow_stay_and_a_workflow_goes_with_its_runs(app: Flask, now: datetime) -> None:
    for number, state in enumerate(("running", "finished"), start=1):
        with transaction() as session:
            ended = None if state == "running" else now - 9 * DAY
            session.add(
                Workflow(
                    id=number, name=state, state=state, actor="a", created_at=now - 9 * DAY, ended_at=ended
                )
            )
            session.flush()
            session.add(
                WorkflowStep(id=number, workflow_id=number, key="k", job="j", state="finished", run_id=state)
            )
        an_old_run(state, "finished", now, 8 + number, workflow_step_id=number)

    gone = prune(now)

    assert (gone["runs"], gone["workflows"], left()) == (1, 1, {"running"})
    assert list(db.session.scalars(select(Workflow.name))) == ["running"]


def test_the_figures_of_runs_that_went_stay(app: Flask, now: datetime) -> None:
    an_old_run("old", "finished", now, 9), an_old_run("bad", "failed", now, 9)

    prune(now)

    (figures,) = statistics(now - 10 * DAY)
    assert (figures.finished, figures.failed, left()) == (1, 1, set())


def test_an_hour_whose_figures_are_not_final_keeps_its_runs(app: Flask, now: datetime) -> None:
    an_old_run("again", "failed", now, 9), an_old_run("other", "finished", now, 9)
    retry("again", "ada@school.example")

    assert prune(now)["runs"] == 0
    assert statistics(now - 10 * DAY)[0].open == 1


def test_an_hour_of_which_one_run_is_needed_keeps_all_for_it_may_be_counted_again(
    app: Flask, now: datetime
) -> None:
    an_old_run("old", "finished", now, 9)
    a_run("long", "failed", created_at=now - 9 * DAY, ended_at=now - DAY)
    prune(now)

    retry("long", "ada@school.example")
    with transaction() as session:
        session.execute(update(JobRun).where(JobRun.id == "long").values(state="finished", ended_at=now))
    count_hours(now)

    assert statistics(now - 10 * DAY)[0].finished == 2


def test_a_run_that_is_tried_again_while_it_goes_stays(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_old_run("again", "failed", now, 9), an_old_run("old", "finished", now, 9)
    deletion = pruning.delete

    def retry_just_before(table: type[JobRun]) -> object:
        if table is JobRun:
            retry("again", "ada@school.example")
        return deletion(table)

    monkeypatch.setattr(pruning, "delete", retry_just_before)

    assert (prune(now)["runs"], left()) == (1, {"again"})


def test_workers_and_repeatable_calls_go_too(app: Flask, now: datetime) -> None:
    a_process(state="dead", heartbeat_at=now - 8 * DAY), a_process(heartbeat_at=now - 6 * DAY)
    token = a_token(now)
    with transaction() as session:
        for key, days in (("old", 2), ("young", 0.5)):
            facts = {"fingerprint": "f", "status": 200, "answer": "{}", "created_at": now - days * DAY}
            session.add(IdempotentCall(token_id=token.id, key=key, **facts))

    gone = prune(now)

    assert (gone["workers"], gone["calls"]) == (1, 1)
    assert list(db.session.scalars(select(IdempotentCall.key))) == ["young"]
    assert len(list(db.session.scalars(select(Worker)))) == 1
