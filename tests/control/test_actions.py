"""What people order about runs: called off, tried again, pushed again, left; one by one or all that match."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import fakeredis
import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import insert, select
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import OperationalError

from edupulse.accounts import audit
from edupulse.accounts.audit import entries_of
from edupulse.accounts.models import AuditEntry
from edupulse.control import actions, ledger
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun
from edupulse.control.search import RunFilter
from edupulse.database import db
from edupulse.errors import Conflict, EduPulseError, Invalid, NotFound
from edupulse.transaction import transaction
from tests.rows import a_run

ADA = "ada@school.example"
EACH = [
    f"run-{state}"
    for state in ("queued", "started", "deferred", "interrupted", "finished", "failed", "cancelled")
]


def stored(run_id: str) -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True)


def in_redis(redis: Redis, queue: str = "default") -> list[str]:
    return [member.decode() for member in redis.lrange(f"rq:queue:{queue}", 0, -1)]


@pytest.fixture
def one_of_each(app: Flask) -> None:
    for run_id in EACH:
        state = run_id.removeprefix("run-")
        a_run(run_id, state, worker="w1" if state == "started" else None)


# Calling off


@pytest.mark.parametrize("state", ["queued", "deferred", "interrupted"])
def test_what_waits_is_cancelled_at_once(app: Flask, now: datetime, state: str) -> None:
    a_run("run-1", state)

    run = actions.cancel("run-1", ADA, "wrong class")

    assert (run.state, run.ended_at, run.cancel_actor, run.cancel_reason) == (
        "cancelled",
        now,
        ADA,
        "wrong class",
    )
    assert run.error_message == f"Called off by {ADA} before it could run: wrong class"
    (entry,) = entries_of("job:run-1")
    assert (entry.actor, entry.action, entry.detail["before"]) == (ADA, "job.cancel", {"state": state})


def test_a_cancelled_run_leaves_its_queue_and_cannot_begin(app: Flask, redis: Redis) -> None:
    run, other = enqueue("diagnostics.ping"), enqueue("diagnostics.ping", priority=1)

    actions.cancel(run.id, ADA), actions.cancel(other.id, ADA)

    assert in_redis(redis) + in_redis(redis, "default-high") == []
    assert not redis.exists(f"rq:job:{run.id}")
    assert ledger.begin(run.id, "w1") is None


def test_what_runs_goes_on_until_its_worker_reads_the_wish(app: Flask, redis: Redis, now: datetime) -> None:
    a_run("run-1", "started", worker="w1")
    heard = redis.pubsub(ignore_subscribe_messages=True)
    heard.subscribe("rq:pubsub:w1")
    heard.get_message(timeout=1)

    run = actions.cancel("run-1", ADA, "wrong class")

    assert (run.state, run.cancel_requested_at, run.ended_at) == ("started", now, None)
    message = heard.get_message(timeout=1)
    assert message is not None
    assert json.loads(message["data"]) == {"command": "stop-job", "job_id": "run-1"}
    heard.close()


def test_asking_twice_is_one_wish(app: Flask) -> None:
    a_run("run-1", "started", worker="w1")

    actions.cancel("run-1", ADA, "first"), actions.cancel("run-1", "ben@school.example", "second")

    assert (stored("run-1").cancel_actor, stored("run-1").cancel_reason) == (ADA, "first")
    assert len(entries_of("job:run-1")) == 1


@pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
def test_what_is_over_cannot_be_called_off(app: Flask, state: str) -> None:
    a_run("run-1", state)

    with pytest.raises(Conflict, match="The run is over"):
        actions.cancel("run-1", ADA)

    assert entries_of("job:run-1") == []


def test_a_lost_redis_keeps_nobody_from_calling_off(app: Flask) -> None:
    a_run("run-1", "queued"), a_run("run-2", "started", worker="w1")
    server = fakeredis.FakeServer()
    server.connected = False
    app.extensions["edupulse"].redis = fakeredis.FakeRedis(server=server)

    actions.cancel("run-1", ADA), actions.cancel("run-2", ADA)

    assert stored("run-1").state == "cancelled"
    assert stored("run-2").cancel_requested_at is not None


def test_a_cancelled_run_frees_its_unique_key(app: Flask) -> None:
    first = enqueue("diagnostics.ping", unique_key="k")

    actions.cancel(first.id, ADA)

    assert enqueue("diagnostics.ping", unique_key="k").id != first.id


# Trying again


@pytest.mark.parametrize("state", ["failed", "cancelled", "interrupted"])
def test_a_run_that_ended_badly_is_tried_again_with_a_fresh_budget(
    app: Flask, redis: Redis, now: datetime, state: str
) -> None:
    a_run("run-1", state, attempts=4, max_attempts=4, deaths=3, error_class="ValueError", error_message="no")

    run = actions.retry("run-1", ADA)

    assert (run.state, run.attempts, run.max_attempts, run.deaths) == ("queued", 4, 8, 0)
    assert (run.ended_at, run.available_at, run.error_message) == (None, now, "no")
    assert in_redis(redis) == ["run-1"]
    begun = ledger.begin("run-1", "w1")
    assert begun is not None
    assert begun.attempts == 5
    assert entries_of("job:run-1")[0].detail == {
        "before": {"state": state}, "after": {"state": "queued"}, "attempts": 4,
    }  # fmt: skip


def test_a_wish_to_cancel_does_not_outlive_a_retry(app: Flask) -> None:
    run = enqueue("diagnostics.ping")
    actions.cancel(run.id, ADA, "not yet")

    again = actions.retry(run.id, ADA)

    assert (again.cancel_requested_at, again.cancel_actor, again.cancel_reason) == (None, None, None)


@pytest.mark.parametrize("state", ["queued", "started", "deferred", "finished"])
def test_what_goes_on_or_went_well_is_not_tried_again(app: Flask, state: str) -> None:
    a_run("run-1", state)

    with pytest.raises(Conflict, match=f"this one is {state}"):
        actions.retry("run-1", ADA)


def test_a_key_that_another_run_has_by_now_is_named_with_its_holder(app: Flask) -> None:
    a_run("run-1", "failed", unique_key="k"), a_run("run-2", "queued", unique_key="k")

    with pytest.raises(Conflict, match=r"'k' is held by run-2 \(queued\)"):
        actions.retry("run-1", ADA)

    assert stored("run-1").state == "failed"


def test_an_occurrence_key_stays_with_its_run(app: Flask) -> None:
    a_run("run-1", "failed", occurrence_key="s@1")

    assert actions.retry("run-1", ADA).occurrence_key == "s@1"


def test_a_line_about_missed_occurrences_is_no_run_to_repeat(app: Flask) -> None:
    a_run("missed-1", "cancelled", error_class="Missed")

    with pytest.raises(Conflict, match="only records occurrences"):
        actions.retry("missed-1", ADA)

    assert actions.retry_all(RunFilter(state="cancelled"), ADA) == 0


def test_a_job_that_left_the_catalog_is_not_tried_again(app: Flask) -> None:
    a_run("run-1", "failed", name="old.job")

    with pytest.raises(Invalid, match=r"no job named 'old\.job'"):
        actions.retry("run-1", ADA)

    assert actions.retry_all(RunFilter(), ADA) == 0


def test_two_people_at_once_give_one_more_try(app: Flask) -> None:
    a_run("run-1", "failed", attempts=1, max_attempts=1)
    answers: list[str] = []

    def press() -> None:
        with app.app_context():
            try:
                answers.append(actions.retry("run-1", ADA).state)
            except Conflict:
                answers.append("refused")

    people = [threading.Thread(target=press) for _ in range(4)]
    [person.start() for person in people]
    [person.join(timeout=30) for person in people]

    assert sorted(answers) == ["queued", "refused", "refused", "refused"]
    assert stored("run-1").max_attempts == 5


# Pushing again, and leaving


def test_a_run_that_redis_lost_is_pushed_again(app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    redis.flushall()

    actions.requeue(run.id, ADA)

    assert in_redis(redis) == [run.id]


def test_a_run_that_waits_for_its_next_try_is_due_at_once(app: Flask, redis: Redis, now: datetime) -> None:
    a_run("run-1", "deferred", available_at=now.replace(year=2027), attempts=1)

    assert actions.requeue("run-1", ADA).available_at == now
    assert in_redis(redis) == ["run-1"]


def test_what_does_not_wait_is_not_pushed(app: Flask, redis: Redis) -> None:
    a_run("run-1", "failed")

    with pytest.raises(Conflict, match="this one is failed"):
        actions.requeue("run-1", ADA)

    assert in_redis(redis) == []


def test_an_interrupted_run_that_is_left_counts_as_failed(app: Flask, now: datetime) -> None:
    a_run("run-1", "interrupted", error_class="Interrupted", error_message="The worker w1 died.")

    run = actions.leave("run-1", ADA, "all mails are out")

    assert (run.state, run.ended_at) == ("failed", now)
    assert run.error_message == f"The worker w1 died. Left as it is by {ADA}: all mails are out"


def test_only_an_interrupted_run_can_be_left(app: Flask) -> None:
    a_run("run-1", "queued")

    with pytest.raises(Conflict, match="Only an interrupted run"):
        actions.leave("run-1", ADA)


@pytest.mark.parametrize("order", [actions.cancel, actions.retry, actions.requeue, actions.leave])
def test_an_unknown_run_is_named(sqlite_app: Flask, order: Callable[[str, str], JobRun]) -> None:
    with pytest.raises(NotFound, match="'nobody'"):
        order("nobody", ADA)


# All that match


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        (actions.cancel_all, {"queued", "started", "deferred", "interrupted"}),
        (actions.retry_all, {"failed", "cancelled", "interrupted"}),
        (actions.requeue_all, {"queued", "deferred"}),
    ],
)
def test_an_order_for_all_moves_what_it_can_and_passes_the_rest_by(
    one_of_each: None, order: Callable[..., int], moved: set[str]
) -> None:
    foreseen = order(EACH, ADA, dry_run=True)
    before = {run_id: stored(run_id).state for run_id in EACH}

    count = order(EACH, ADA)

    assert (foreseen, count) == (len(moved), len(moved))
    assert set(before) == set(EACH)
    assert [entry.detail["count"] for entry in entries_of("jobs")] == [len(moved)]


def test_a_dry_run_changes_nothing(one_of_each: None) -> None:
    actions.cancel_all(RunFilter(), ADA, dry_run=True), actions.retry_all(RunFilter(), ADA, dry_run=True)

    assert all(stored(run_id).state == run_id.removeprefix("run-") for run_id in EACH)
    assert db.session.scalars(select(AuditEntry)).all() == []


def test_what_waits_can_be_cleared_without_touching_what_runs(one_of_each: None) -> None:
    actions.cancel_all(RunFilter(), ADA, waiting_only=True)

    assert stored("run-queued").state == "cancelled"
    assert stored("run-started").cancel_requested_at is None


def test_a_filter_chooses(app: Flask) -> None:
    a_run("run-1", "failed", error_message="line broke"), a_run("run-2", "failed"), a_run("run-3", "queued")

    assert actions.retry_all(RunFilter(state="failed", text="LINE"), ADA) == 1
    assert (stored("run-1").state, stored("run-2").state) == ("queued", "failed")
    assert entries_of("jobs")[0].detail == {"count": 1, "state": "failed", "text": "LINE"}


def test_of_runs_with_the_same_key_only_the_latest_is_tried_again(app: Flask, now: datetime) -> None:
    for day in (1, 2, 3):
        a_run(f"run-{day}", "failed", unique_key="schedule:x", created_at=now.replace(day=day))
    a_run("run-4", "failed", unique_key="taken"), a_run("run-5", "queued", unique_key="taken")

    assert actions.retry_all(RunFilter(), ADA) == 1
    assert [stored(f"run-{n}").state for n in (1, 2, 3, 4)] == ["failed", "failed", "queued", "failed"]


def test_a_key_that_is_taken_at_the_very_moment_costs_only_its_own_run(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (
        a_run("run-1", "failed", unique_key="k"),
        a_run("run-2", "failed"),
        a_run("run-3", "queued", unique_key="k"),
    )
    monkeypatch.setattr("edupulse.control.actions.retrying._free", lambda rows, taken: rows)

    assert actions.retry_all(RunFilter(state="failed"), ADA) == 1
    assert (stored("run-1").state, stored("run-2").state) == ("failed", "queued")


@pytest.mark.parametrize("order", [actions.retry_all, actions.cancel_all])
def test_five_thousand_runs_take_a_few_statements(
    app: Flask, now: datetime, order: Callable[..., int]
) -> None:
    state = "failed" if order is actions.retry_all else "queued"
    facts: dict[str, Any] = {"name": "diagnostics.ping", "queue": "default", "arguments": {}, "state": state}
    rows = [{**facts, "id": f"run-{n}", "created_at": now, "available_at": now} for n in range(5_000)]
    with transaction() as session:
        session.execute(insert(JobRun), rows)
    statements: list[str] = []
    engine = db.engine

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    listen(engine, "before_cursor_execute", note)
    moved = order(RunFilter(name="diagnostics.ping"), ADA)
    remove(engine, "before_cursor_execute", note)

    assert moved == 5_000
    assert len(statements) < 60
    assert len(entries_of("jobs")) == 1


def test_cancelling_while_workers_begin_and_end_loses_no_run(app: Flask) -> None:
    ids = enqueue_many("diagnostics.ping", [{} for _ in range(60)])
    faults: list[EduPulseError] = []

    def work(worker: str) -> None:
        with app.app_context():
            try:
                for start in range(0, 60, 4):
                    for run in ledger.turn(ids[start : start + 4], (), worker=worker):
                        ledger.finish(run, None)
            except EduPulseError as error:
                faults.append(error)

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(2)]
    [worker.start() for worker in workers]
    for position in range(0, 60, 6):
        actions.cancel_all(ids[position : position + 6], ADA)
    [worker.join(timeout=60) for worker in workers]

    db.session.rollback()
    states = set(db.session.scalars(select(JobRun.state).where(JobRun.id.in_(ids))))
    assert (faults, states <= {"finished", "cancelled"}) == ([], True)


@pytest.mark.parametrize("victim", [1, 2])
def test_an_order_that_loses_a_deadlock_is_given_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch, victim: int
) -> None:
    a_run("run-1", "queued")
    lost: list[int] = []
    record = audit.record

    def disturbed(*facts: Any, **detail: Any) -> AuditEntry:
        if len(lost) < victim:
            lost.append(1)
            raise OperationalError("UPDATE", {}, Exception("deadlock detected"))
        return record(*facts, **detail)

    monkeypatch.setattr("edupulse.accounts.audit.record", disturbed)

    assert actions.cancel_all(RunFilter(), ADA) == 1
    assert (stored("run-1").state, len(entries_of("jobs"))) == ("cancelled", 1)


# Workflows


@pytest.mark.parametrize(
    ("state", "order", "told"),
    [
        ("queued", actions.cancel, ("ended", 7, "cancelled")),
        ("interrupted", actions.leave, ("ended", 7, "failed")),
        ("failed", actions.retry, ("reopened", 7)),
    ],
)
def test_a_workflow_hears_of_what_became_of_its_step(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    order: Callable[..., JobRun],
    told: tuple[object, ...],
) -> None:
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(
        "edupulse.control.steps.ended", lambda session, *facts: heard.append(("ended", *facts))
    )
    monkeypatch.setattr(
        "edupulse.control.steps.reopened", lambda session, *facts: heard.append(("reopened", *facts))
    )
    a_run("run-1", state, workflow_step_id=7)

    order("run-1", ADA)

    assert heard == [told]


def test_a_run_that_its_workflow_refuses_does_not_keep_the_others(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: object, step_id: int) -> None:
        raise Invalid("The result it needs is gone.")

    monkeypatch.setattr("edupulse.control.steps.reopened", refuse)
    a_run("run-1", "failed", workflow_step_id=7), a_run("run-2", "failed")

    assert actions.retry_all(RunFilter(), ADA) == 1
    assert (stored("run-1").state, stored("run-2").state) == ("failed", "queued")
    with pytest.raises(Invalid, match="result it needs"):
        actions.retry("run-1", ADA)
