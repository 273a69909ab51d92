"""A worker that does not have a run which the ledger says it has gives it back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis

from edupulse.control import ledger
from edupulse.control.engine.audit import audit
from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import JobRun
from edupulse.transaction import transaction
from tests.control.schedules import spec, use
from tests.control.test_ledger import QUEUE, begun, stored

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def catalog(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    use(app, monkeypatch, *(spec(f"a.{policy}", on_interrupt=policy) for policy in ("retry", "fail", "ask")))


def test_what_is_in_hand_stays_and_the_rest_is_given_back(app: Flask, redis: Redis, now: datetime) -> None:
    ids = enqueue_many("a.retry", [{}] * 4)
    ledger.turn(ids[:3], (), worker="w1")
    ledger.turn(ids[3:], (), worker="w2")
    redis.flushall()

    given_back = audit("w1", set(ids[:2]), now + MINUTE)

    assert given_back == 1
    assert [stored(run_id).state for run_id in ids] == ["started", "started", "queued", "started"]
    assert redis.lrange(QUEUE, 0, -1) == [ids[2].encode()]
    assert stored(ids[2]).deaths == 0


def test_what_began_a_moment_ago_is_left_alone(app: Flask, now: datetime) -> None:
    run = begun("a.retry", "w1")

    assert audit("w1", set(), now + timedelta(seconds=30)) == 0
    assert stored(run.id).state == "started"


@pytest.mark.parametrize(("name", "state"), [("a.fail", "failed"), ("a.ask", "interrupted")])
def test_it_is_given_back_by_the_policy_of_its_job(app: Flask, now: datetime, name: str, state: str) -> None:
    run = begun(name, "w1")

    audit("w1", set(), now + MINUTE)

    assert stored(run.id).state == state
    assert "did not know of it" in str(stored(run.id).error_message)


def test_what_somebody_wanted_to_stop_is_stopped(app: Flask, now: datetime) -> None:
    run = begun("a.retry", "w1")
    with transaction() as session:
        row = session.get_one(JobRun, run.id)
        row.cancel_requested_at, row.cancel_actor, row.cancel_reason = now, "ann", "wrong list"

    audit("w1", set(), now + MINUTE)

    assert stored(run.id).state == "cancelled"
    assert str(stored(run.id).error_message).startswith("Stopped by ann: wrong list")
