"""Runs whose worker died: settled by what is known, then by policy; what kills workers is put aside."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse.control import ledger
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.interrupted import interrupt
from edupulse.control.models import JobRun
from edupulse.control.run import Run
from edupulse.transaction import transaction
from tests.control.schedules import spec, use
from tests.control.test_ledger import QUEUE, begun, stored


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = [spec(f"a.{policy}", on_interrupt=policy, retries=9) for policy in ("retry", "fail", "ask")]
    use(app, monkeypatch, *policies, spec("a.once", retries=0))


def change(run_id: str, **values: object) -> None:
    with transaction() as session:
        for name, value in values.items():
            setattr(session.get_one(JobRun, run_id), name, value)


@pytest.mark.parametrize(
    ("name", "state"),
    [("a.retry", "queued"), ("a.fail", "failed"), ("a.ask", "interrupted"), ("a.once", "queued")],
)
def test_the_policy_of_the_job_decides(
    app: Flask, redis: Redis, now: datetime, name: str, state: str
) -> None:
    run = begun(name)
    redis.flushall()

    assert interrupt("w1", now, "was killed by the system for want of memory") == 1

    done = stored(run.id)
    assert (done.state, done.error_class, done.deaths) == (state, "Interrupted", 1)
    assert "w1 was killed by the system for want of memory" in str(done.error_message)
    assert redis.llen(QUEUE) == (state == "queued")


def test_all_runs_of_the_worker_are_settled_and_none_of_another(app: Flask, now: datetime) -> None:
    ids = enqueue_many("a.retry", [{}] * 4)
    ledger.turn(ids[:3], (), worker="w1")
    ledger.turn(ids[3:], (), worker="w2")

    assert interrupt("w1", now) == 3

    assert [stored(run_id).state for run_id in ids] == ["queued", "queued", "queued", "started"]


def test_a_run_that_ended_in_time_keeps_its_end(app: Flask, now: datetime) -> None:
    run = begun("a.retry")
    ledger.finish(run, "done")

    assert interrupt("w1", now) == 0

    assert (stored(run.id).state, stored(run.id).deaths) == ("finished", 0)


def test_a_late_result_of_a_worker_believed_dead_still_counts_once(app: Flask, now: datetime) -> None:
    run = begun("a.retry")
    interrupt("w1", now)

    assert ledger.finish(run, "done after all")

    assert stored(run.id).state == "finished"
    assert ledger.begin(run.id, "w2") is None


def test_a_run_that_somebody_wanted_to_stop_is_cancelled(app: Flask, now: datetime) -> None:
    run = begun("a.retry")
    change(run.id, cancel_requested_at=now, cancel_actor="ann@school.example")

    interrupt("w1", now)

    assert (stored(run.id).state, stored(run.id).deaths) == ("cancelled", 0)
    assert "Stopped by ann@school.example" in str(stored(run.id).error_message)


def test_a_run_beyond_its_hard_limit_ran_too_long(app: Flask, now: datetime) -> None:
    run = begun("a.retry")

    interrupt("w1", now + timedelta(seconds=1800))

    assert (stored(run.id).state, stored(run.id).error_class) == ("failed", "TimeLimitExceeded")


def test_a_run_whose_job_the_catalog_does_not_know_any_more_fails(
    app: Flask, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun("a.retry")
    use(app, monkeypatch, spec("a.other"))

    interrupt("w1", now)

    assert stored(run.id).state == "failed"


def test_a_run_that_kills_worker_after_worker_is_put_aside(app: Flask, now: datetime) -> None:
    run_id = enqueue("a.retry").id
    deaths = []
    for worker in ("w1", "w2", "w3", "w4", "w5", "w6"):
        run = ledger.begin(run_id, worker)
        assert isinstance(run, Run)
        deaths.append(run.deaths)
        interrupt(worker, now)

    assert deaths == [0, 1, 2, 3, 4, 5]
    assert (stored(run_id).state, stored(run_id).error_class) == ("failed", "Quarantined")
    assert ledger.begin(run_id, "w7") is None
