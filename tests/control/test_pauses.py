"""What is paused does not begin, whatever Redis says; it goes on when somebody, or its hour, lets it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import fakeredis
import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select

from edupulse import clock
from edupulse.accounts.audit import entries_of
from edupulse.control import ledger, monitor, pauses, worker
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun, Pause
from edupulse.database import db
from edupulse.errors import Invalid
from tests.rows import a_run

ADA = "ada@school.example"
HOUR = timedelta(hours=1)


def state_of(run_id: str) -> str:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True).state


def in_redis(redis: Redis, queue: str = "default") -> list[str]:
    return [member.decode() for member in redis.lrange(f"rq:queue:{queue}", 0, -1)]


@pytest.fixture(params=["queue", "job"])
def paused(app: Flask, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The queue or the job diagnostics.ping, held."""
    name = {"queue": "default", "job": "diagnostics.ping"}[request.param]
    pauses.pause(request.param, name, ADA, "the printer burns")
    return request.param, name


def test_what_is_paused_cannot_begin(paused: tuple[str, str]) -> None:
    run = enqueue("diagnostics.ping")

    assert ledger.begin(run.id, "w1") is None
    assert state_of(run.id) == "queued"


def test_other_queues_and_jobs_go_on(paused: tuple[str, str]) -> None:
    run = enqueue("reminders.plan")

    assert ledger.begin(run.id, "w1") is not None


def test_after_the_end_of_the_pause_it_begins(paused: tuple[str, str]) -> None:
    run = enqueue("diagnostics.ping")

    assert pauses.resume(*paused, ADA)

    assert ledger.begin(run.id, "w1") is not None
    assert not pauses.resume(*paused, ADA)


def test_what_runs_when_the_pause_comes_ends_as_usual(app: Flask) -> None:
    run = ledger.begin(enqueue("diagnostics.ping").id, "w1")
    assert run is not None

    pauses.pause("queue", "default", ADA)

    assert ledger.finish(run, None)


def test_a_resumed_queue_gets_back_the_messages_that_redis_has_no_more_and_no_other(
    paused: tuple[str, str], redis: Redis
) -> None:
    kept, dropped = enqueue("diagnostics.ping"), enqueue("diagnostics.ping")
    redis.lrem("rq:queue:default", 0, dropped.id)  # taken by a worker, and refused by the ledger

    pauses.resume(*paused, ADA)

    assert sorted(in_redis(redis)) == sorted([kept.id, dropped.id])


def test_what_two_pauses_hold_is_pushed_by_the_end_of_the_second(app: Flask, redis: Redis) -> None:
    pauses.pause("queue", "default", ADA), pauses.pause("job", "diagnostics.ping", ADA)
    run = enqueue("diagnostics.ping")
    redis.flushall()

    pauses.resume("queue", "default", ADA)
    assert in_redis(redis) == []
    pauses.resume("job", "diagnostics.ping", ADA)

    assert in_redis(redis) == [run.id]


def test_redis_knows_which_queues_are_paused(app: Flask, redis: Redis) -> None:
    pauses.pause("queue", "email", ADA), pauses.pause("job", "mail.sweep", ADA)

    assert redis.smembers(pauses.PAUSED) == {b"email"}
    pauses.resume("queue", "email", ADA)
    assert redis.smembers(pauses.PAUSED) == set()


def test_a_pause_survives_an_emptied_redis_and_is_told_again(app: Flask, redis: Redis, now: datetime) -> None:
    pauses.pause("queue", "default", ADA)
    redis.flushall()
    run = enqueue("diagnostics.ping")

    assert ledger.begin(run.id, "w1") is None
    pauses.upkeep(now)

    assert redis.smembers(pauses.PAUSED) == {b"default"}


def test_without_redis_a_queue_can_be_paused_and_resumed(app: Flask, now: datetime) -> None:
    away = fakeredis.FakeServer()
    away.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=away)

    pauses.pause("queue", "default", ADA)
    assert [held.name for held in pauses.holding(now)] == ["default"]
    pauses.resume("queue", "default", ADA)

    assert pauses.holding(now) == []


# The end that was set


@pytest.fixture
def until(app: Flask) -> Iterator[datetime]:
    start = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    with clock.frozen(start):
        pauses.pause("queue", "default", ADA, "exam", start + HOUR)
    return start + HOUR


def test_a_pause_holds_until_its_hour_and_not_a_moment_longer(until: datetime) -> None:
    run = enqueue("diagnostics.ping")

    with clock.frozen(until - timedelta(microseconds=1)):
        assert ledger.begin(run.id, "w1") is None
    with clock.frozen(until):
        assert ledger.begin(run.id, "w1") is not None


def test_the_scheduler_ends_it_tells_redis_and_pushes_what_waits(until: datetime, redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    redis.lrem("rq:queue:default", 0, run.id)

    with clock.frozen(until):
        ended = pauses.upkeep(until), pauses.upkeep(until)

    assert ended == (1, 0)
    assert redis.smembers(pauses.PAUSED) == set()
    assert in_redis(redis) == [run.id]
    assert db.session.scalars(select(Pause)).all() == []
    assert [(entry.action, entry.actor) for entry in entries_of("queue:default")] == [
        ("queue.resume", "system"),
        ("queue.pause", ADA),
    ]


def test_before_its_hour_the_scheduler_leaves_it(until: datetime) -> None:
    assert pauses.upkeep(until - timedelta(seconds=1)) == 0
    assert db.session.get(Pause, ("queue", "default")) is not None


def test_pausing_again_changes_reason_and_end(until: datetime) -> None:
    with clock.frozen(until - HOUR):
        pauses.pause("queue", "default", "ben@school.example", "longer", until + HOUR)

    (held,) = pauses.holding(until)
    assert (held.actor, held.reason, held.until) == ("ben@school.example", "longer", until + HOUR)


@pytest.mark.parametrize(
    ("scope", "name", "sentence"),
    [
        ("queue", "nowhere", r"no queue 'nowhere'"),
        ("job", "mail.sweeep", r"no job named 'mail\.sweeep'.*mail\.sweep"),
        ("tenant", "x", "cannot be paused"),
    ],
)
def test_what_does_not_exist_cannot_be_paused(
    sqlite_app: Flask, scope: str, name: str, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        pauses.pause(scope, name, ADA)


def test_a_pause_cannot_end_in_the_past(sqlite_app: Flask, now: datetime) -> None:
    with pytest.raises(Invalid, match="later than now"):
        pauses.pause("queue", "default", ADA, until=now)


# What people see of it


def test_what_is_paused_is_neither_late_nor_a_backlog(paused: tuple[str, str], now: datetime) -> None:
    a_run("run-1", "queued", available_at=now - HOUR)
    a_run("run-2", "queued", name="mail.sweep", queue="email", available_at=now - HOUR)

    found = monitor.overview(now)

    assert ([run.id for run in found.late], found.backlog.count) == (["run-2"], 1)


def test_a_paused_queue_says_by_whom_and_why(app: Flask, now: datetime) -> None:
    pauses.pause("queue", "poll", ADA, "the server moves")

    (load,) = [load for load in monitor.queue_loads(now) if load.name == "poll"]

    assert load.pause is not None
    assert (load.pause.actor, load.pause.reason) == (ADA, "the server moves")


# A real worker


@pytest.mark.real_redis
def test_nothing_slips_through_to_a_worker(app: Flask, real_redis: Redis) -> None:
    held = enqueue_many("diagnostics.ping", [{"note": str(n)} for n in range(20)])
    pauses.pause("job", "diagnostics.ping", ADA)
    pauses.pause("queue", "email", ADA)
    free, swept = enqueue("reminders.plan"), enqueue("mail.sweep")
    real_redis.delete(pauses.PAUSED)  # Redis has forgotten: the worker takes, and the ledger refuses

    worker.run(app, burst=True)

    assert {state_of(run_id) for run_id in [*held, swept.id]} == {"queued"}
    assert state_of(free.id) == "finished"
    pauses.resume("job", "diagnostics.ping", ADA), pauses.resume("queue", "email", ADA)
    worker.run(app, burst=True)
    assert {state_of(run_id) for run_id in [*held, swept.id]} == {"finished"}
    assert {db.session.get_one(JobRun, run_id).attempts for run_id in held} == {1}


@pytest.mark.real_redis
def test_messages_of_a_paused_queue_stay_where_they_are(app: Flask, real_redis: Redis) -> None:
    pauses.pause("queue", "default", ADA)
    runs = enqueue_many("diagnostics.ping", [{}, {}])

    worker.run(app, burst=True)

    assert in_redis(real_redis) == runs
