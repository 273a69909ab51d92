"""A run that does not run yet says what it waits for, since when, and what to do; workers say how they are."""

from __future__ import annotations

from datetime import datetime, timedelta

import fakeredis
import pytest
from flask import Flask

from edupulse.control import pauses
from edupulse.control.monitor import Waiting, active, degraded, run, waits_for, worker_list
from edupulse.version import VERSION
from tests.rows import a_process, a_run

MINUTE = timedelta(minutes=1)


def waiting(run_id: str, now: datetime) -> Waiting:
    found = waits_for(run(run_id), now)
    assert found is not None
    return found


@pytest.mark.parametrize("state", ["started", "finished", "failed", "cancelled"])
def test_what_runs_or_is_over_waits_for_nothing(sqlite_app: Flask, now: datetime, state: str) -> None:
    assert waits_for(a_run("a", state), now) is None


def test_without_a_worker_it_waits_for_one_since_the_last_was_seen(app: Flask, now: datetime) -> None:
    a_process(heartbeat_at=now - 46 * MINUTE, state="dead"), a_run("a", "queued")

    found = waiting("a", now)

    assert found.sentence == "No worker is running since 08:14; it begins when one starts."
    assert found.since == now - 46 * MINUTE
    assert "python cli.py doctor" in found.cure


def test_without_redis_it_goes_on_by_itself(app: Flask, now: datetime) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)
    a_process(), a_run("a", "queued")

    assert "by itself when Redis is back" in waiting("a", now).sentence


def test_a_queue_without_a_worker_is_named(app: Flask, now: datetime) -> None:
    a_process(queues=["email"]), a_run("a", "queued")

    assert waiting("a", now).sentence == "No worker listens to the queue default; it begins when one does."


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("job", "diagnostics.ping")])
def test_what_is_paused_says_by_whom_why_and_until_when(
    app: Flask, now: datetime, scope: str, name: str
) -> None:
    pauses.pause(scope, name, "ada@school.example", "moving house", until=now + 30 * MINUTE)
    a_process(), a_run("a", "queued")

    found = waiting("a", now)

    assert (
        found.sentence == f"The {scope} {name} is paused by ada@school.example (moving house), until 09:30."
    )
    assert (found.since, found.cure) == (now, f"Resume the {scope} {name}.")


def test_what_is_paused_and_has_no_worker_says_both(app: Flask, now: datetime) -> None:
    pauses.pause("queue", "default", "ada@school.example"), a_run("a", "queued")

    found = waiting("a", now)

    assert "is paused by ada@school.example" in found.sentence
    assert "No worker is running" in found.sentence
    assert found.cure.startswith("Resume the queue default. Start everything")


def test_what_is_held_is_not_before_it(app: Flask, now: datetime) -> None:
    pauses.pause("job", "jobs.count", "ada@school.example")
    a_process(), a_run("held", "queued", name="jobs.count", available_at=now - MINUTE), a_run("a", "queued")

    assert waiting("a", now).sentence.startswith("It is the next in its queue")


def test_a_run_knows_how_many_are_before_it(app: Flask, now: datetime) -> None:
    a_process(), a_run("urgent", "queued", priority=1), a_run("first", "queued", available_at=now - MINUTE)
    a_run("second", "queued"), a_run("other", "queued", queue="email", available_at=now - MINUTE)

    assert waiting("second", now).sentence == "2 runs are before it in the queue default."
    assert waiting("first", now).sentence == "1 run is before it in the queue default."
    assert waiting("urgent", now).sentence.startswith("It is the next in its queue")


def test_a_run_between_two_tries_says_when_the_next_is(app: Flask, now: datetime) -> None:
    a_run("a", "deferred", attempts=1, available_at=now + 5 * MINUTE)
    a_run("b", "deferred", available_at=now + timedelta(days=1))

    assert waiting("a", now).sentence == "It is tried again at 09:05."
    assert waiting("b", now).sentence == "It was ordered for later and begins at 2026-03-13 09:00."


def test_a_due_run_without_a_scheduler_says_that_the_clock_stands_still(app: Flask, now: datetime) -> None:
    a_run("a", "deferred", attempts=1, available_at=now - MINUTE)

    assert "The scheduler is not running" in waiting("a", now).sentence


def test_a_due_run_without_redis_says_that_redis_is_away(app: Flask, now: datetime) -> None:
    server = fakeredis.FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)
    a_process(kind="scheduler"), a_run("a", "deferred", attempts=1, available_at=now - MINUTE)

    assert waiting("a", now).sentence.startswith("It is due since 08:59. Redis cannot be reached")


def test_an_interrupted_run_waits_for_a_person(app: Flask, now: datetime) -> None:
    a_run("a", "interrupted")

    assert "a person decides" in waiting("a", now).sentence


def test_a_run_of_an_unknown_job_says_what_becomes_of_it(app: Flask, now: datetime) -> None:
    a_run("a", "queued", name="gone.away"), a_process()

    assert "This release has no job named gone.away" in waiting("a", now).sentence


def test_workers_tell_how_they_are_and_what_they_have_in_hand(app: Flask, now: datetime) -> None:
    hour = timedelta(hours=1)
    living = a_process(jobs_done=9, jobs_failed=2, memory_bytes=5, pool="main", version=VERSION).name
    late = a_process(heartbeat_at=now - timedelta(seconds=20)).name
    silent = a_process(heartbeat_at=now - MINUTE).name
    stopped = a_process(state="stopped", heartbeat_at=now - hour / 2).name
    a_process(state="dead", heartbeat_at=now - 2 * hour)
    (
        a_run("b", "started", worker=living, started_at=now),
        a_run("a", "started", worker=living, started_at=now - hour),
    )

    found = {worker.name: worker for worker in worker_list(now)}

    states = {name: worker.state for name, worker in found.items()}
    assert states == {living: "running", late: "late", silent: "dead", stopped: "stopped"}
    assert [each.id for each in found[living].works_on] == ["a", "b"]
    assert (found[living].jobs_failed, found[living].pool) == (2, "main")
    assert (found[living].is_current, found[late].is_current) == (True, VERSION == "0.1.0")


def test_what_runs_is_told_oldest_first(app: Flask, now: datetime) -> None:
    a_run("young", "started", started_at=now), a_run("old", "started", started_at=now - MINUTE)
    a_run("waiting", "queued")

    assert [each.id for each in active(now)] == ["old", "young"]
    assert [each.id for each in active(now, limit=1)] == ["old"]


def test_what_is_not_up_is_degraded(app: Flask, now: datetime) -> None:
    a_process()

    assert [part.name for part in degraded(now)] == ["scheduler"]
