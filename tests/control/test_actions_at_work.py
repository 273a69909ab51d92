"""Orders against a real worker: a running job hears that it shall stop, with the hint and without it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis

from edupulse.control import actions, worker
from edupulse.control.catalog import Catalog, JobSpec
from edupulse.control.enqueue import enqueue
from edupulse.control.execution import check_stop
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid

pytestmark = pytest.mark.real_redis
ADA = "ada@school.example"


def stored(run_id: str) -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True)


@pytest.fixture
def begun() -> threading.Event:
    return threading.Event()


@pytest.fixture
def use(sqlite_app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(function: Callable[[], object], **values: object) -> None:
        spec = JobSpec("diagnostics.ping", function, "default", "A job of a test.", **values)  # type: ignore[arg-type]
        monkeypatch.setattr(sqlite_app.extensions["edupulse"], "catalog", Catalog.of([spec]))

    return put


@pytest.mark.parametrize("hinted", [True, False], ids=["hint heard", "hint lost"])
def test_a_running_job_is_stopped(
    sqlite_app: Flask,
    use: Callable[..., None],
    begun: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    hinted: bool,
) -> None:
    def job() -> str:
        begun.set()
        for _ in range(1_000):
            check_stop()
            time.sleep(0.01)
        return "nobody stopped me"

    use(job)
    if not hinted:
        monkeypatch.setattr("edupulse.control.actions.cancellation._hint", lambda running: None)
    run = enqueue("diagnostics.ping")

    def press() -> None:
        begun.wait(timeout=30)
        with sqlite_app.app_context():
            actions.cancel(run.id, ADA, "wrong class")

    person = threading.Thread(target=press)
    person.start()
    worker.run(sqlite_app, burst=True)
    person.join(timeout=30)

    ended = stored(run.id)
    assert (ended.state, ended.result, ended.cancel_actor) == ("cancelled", None, ADA)


def test_a_retried_run_is_done_with_its_old_arguments(sqlite_app: Flask, use: Callable[..., None]) -> None:
    answers = iter([Invalid("The list is empty."), "done"])

    def job() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    use(job, retries=0)
    run = enqueue("diagnostics.ping")
    worker.run(sqlite_app, burst=True)
    assert stored(run.id).state == "failed"

    actions.retry(run.id, ADA)
    worker.run(sqlite_app, burst=True)

    ended = stored(run.id)
    assert (ended.state, ended.result, ended.attempts, ended.error_class) == ("finished", "done", 2, None)


def test_a_cancelled_run_that_is_retried_has_one_message(
    sqlite_app: Flask, use: Callable[..., None], real_redis: Redis
) -> None:
    use(lambda: "done")
    run = enqueue("diagnostics.ping")
    actions.cancel(run.id, ADA)

    actions.retry(run.id, ADA)

    assert real_redis.lrange("rq:queue:default", 0, -1) == [run.id.encode()]
    worker.run(sqlite_app, burst=True)
    assert stored(run.id).state == "finished"
