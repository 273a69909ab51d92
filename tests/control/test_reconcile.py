"""After crashes and losses: every run is in a queue, at work, or over, and Redis shows nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.registry import StartedJobRegistry

from edupulse.control import interrupted, ledger, lost, workers
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun, Pause, Worker
from edupulse.control.reconcile import Reconciled
from edupulse.control.reconcile import reconcile as reconcile_as_told
from edupulse.control.run import Outcome, Run
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.transaction import transaction
from tests.control.schedules import spec, use

pytestmark = pytest.mark.real_redis
QUEUE = "rq:queue:default"
SECOND = timedelta(seconds=1)
LATER = 16 * SECOND  # older than what may still be on its way to Redis


@pytest.fixture(autouse=True)
def catalog(app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    policies = [spec(f"a.{policy}", on_interrupt=policy) for policy in ("retry", "fail", "ask")]
    use(app, monkeypatch, *policies)


def stored(run_id: str) -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True)


def reconcile(moment: datetime) -> Reconciled:
    """As a scheduler does that has been heard long enough to judge others."""
    return reconcile_as_told(moment, may_judge=True)


def begun(worker: str, name: str = "a.retry") -> Run:
    run = ledger.begin(enqueue(name).id, worker)
    assert run is not None
    return run


def registered(name: str, heartbeat_at: datetime, **values: object) -> None:
    facts = {"kind": "worker", "host": "h", "pid": 1, "version": "1", "started_at": heartbeat_at, **values}
    with transaction() as session:
        session.add(Worker(name=name, heartbeat_at=heartbeat_at, **facts))


def queued(redis: Redis, lane: str = QUEUE) -> list[str]:
    return [member.decode() for member in redis.lrange(lane, 0, -1)]


def pause(scope: str, name: str, moment: datetime, until: datetime | None = None) -> None:
    with transaction() as session:
        session.add(Pause(scope=scope, name=name, actor="ann", created_at=moment, until=until))


def executing(redis: Redis, run_id: str, worker: str) -> Execution:
    """Let Redis say, as RQ does, that `worker` executes the run."""
    queue = Queue("default", connection=redis)
    job = queue.create_job("jobs.a.retry", job_id=run_id)
    with redis.pipeline() as pipeline:
        execution = Execution.create(job, ttl=60, pipeline=pipeline, worker_name=worker)
        pipeline.execute()
    return execution


# Runs that Redis lost


def test_a_run_that_is_in_no_queue_is_handed_over_again(real_redis: Redis, now: datetime) -> None:
    run = enqueue("a.retry", note="keep me")
    real_redis.flushall()

    done = reconcile(now + LATER)

    assert done == Reconciled(requeued=1)
    assert queued(real_redis) == [run.id]
    assert real_redis.exists(Job.key_for(run.id))


def test_doing_it_again_changes_nothing(real_redis: Redis, now: datetime) -> None:
    enqueue("a.retry")
    real_redis.flushall()
    reconcile(now + LATER)

    assert reconcile(now + LATER) == Reconciled()
    assert real_redis.llen(QUEUE) == 1


def test_a_run_that_may_still_be_on_its_way_is_left_alone(real_redis: Redis, now: datetime) -> None:
    enqueue("a.retry")
    real_redis.flushall()

    assert reconcile(now + 15 * SECOND) == Reconciled()
    assert queued(real_redis) == []


def test_a_run_that_waits_in_its_queue_is_not_doubled(real_redis: Redis, now: datetime) -> None:
    run = enqueue("a.retry")

    assert reconcile(now + timedelta(days=1)) == Reconciled()
    assert queued(real_redis) == [run.id]


def test_a_run_that_was_popped_and_never_begun_is_handed_over_again(real_redis: Redis, now: datetime) -> None:
    run = enqueue("a.retry")
    real_redis.lmove(QUEUE, f"{QUEUE}:intermediate")

    done = reconcile(now + LATER)

    assert (done.requeued, done.removed) == (1, 1)
    assert queued(real_redis) == [run.id]
    assert real_redis.llen(f"{QUEUE}:intermediate") == 0


def test_a_flood_of_lost_runs_is_handed_over_in_several_rounds(
    real_redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "PUSHED_MOST", 4)
    ids = enqueue_many("a.retry", [{}] * 10)
    real_redis.flushall()

    done = [reconcile(now + LATER) for _ in range(4)]

    assert [(each.requeued, each.more) for each in done] == [(4, True), (4, True), (2, False), (0, False)]
    assert sorted(queued(real_redis)) == sorted(ids)


def test_one_row_that_cannot_be_pushed_does_not_keep_the_rest(
    real_redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = enqueue_many("a.retry", [{}, {}])
    real_redis.flushall()
    push = lost.push

    def push_but_not_the_bad(run_ids: Sequence[str]) -> None:
        if bad in run_ids:
            raise ValueError("this row is broken")
        push(run_ids)

    monkeypatch.setattr(lost, "push", push_but_not_the_bad)
    done = reconcile(now + LATER)

    assert done.requeued == 1
    assert queued(real_redis) == [good]
    assert stored(bad).state == "queued"


def test_a_job_that_the_catalog_does_not_know_waits_an_hour_and_then_fails(
    app: Flask, real_redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = enqueue("a.ask")
    real_redis.flushall()
    use(app, monkeypatch, spec("a.retry"))

    early = reconcile(now + timedelta(hours=1))
    waiting = stored(run.id).state
    late = reconcile(now + timedelta(hours=1, seconds=1))

    assert (early, waiting) == (Reconciled(), "queued")
    assert late == Reconciled(unknown=1)
    assert (stored(run.id).state, stored(run.id).error_class) == ("failed", "UnknownJob")


def test_without_redis_it_returns_and_still_settles_the_dead(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun("gone", "a.fail")

    def away() -> None:
        raise Unavailable("Redis cannot be reached.")

    monkeypatch.setattr("edupulse.control.reconcile.redis_or_unavailable", away)
    done = reconcile(now + LATER)

    assert done == Reconciled(interrupted=1, redis=False)
    assert stored(run.id).state == "failed"


# Runs that nobody works on


@pytest.mark.parametrize(
    ("policy", "state"), [("retry", "queued"), ("fail", "failed"), ("ask", "interrupted")]
)
def test_the_run_of_a_worker_whose_heart_is_silent_is_settled_by_the_policy(
    now: datetime, policy: str, state: str
) -> None:
    registered("w1", heartbeat_at=now)
    run = begun("w1", f"a.{policy}")

    early = reconcile(now + 29 * SECOND)
    late = reconcile(now + workers.DEAD_AFTER)

    assert early.interrupted == 0
    assert (late.dead, late.interrupted) == (1, 1)
    assert stored(run.id).state == state


def test_a_run_of_three_hours_is_never_doubled_while_its_worker_lives(
    real_redis: Redis, now: datetime
) -> None:
    run = begun("w1")
    real_redis.delete(QUEUE)
    moment = now + timedelta(hours=3)
    registered("w1", heartbeat_at=moment)

    assert reconcile(moment + SECOND) == Reconciled()
    assert stored(run.id).state == "started"


def test_a_worker_that_died_between_mark_and_settling_is_settled_in_the_next_round(now: datetime) -> None:
    registered("w1", heartbeat_at=now)
    run = begun("w1")
    workers.mark_dead(now + workers.DEAD_AFTER)  # and then the scheduler was killed

    done = reconcile(now + workers.DEAD_AFTER)

    assert (done.dead, done.interrupted) == (0, 1)
    assert stored(run.id).state == "queued"


def test_a_run_that_cannot_be_settled_does_not_keep_those_of_other_workers(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = begun("w1"), begun("w2")
    interrupt = interrupted.interrupt

    def interrupt_but_not_the_first(worker: str, moment: datetime) -> int:
        if worker == "w1":
            raise ValueError("this row is broken")
        return interrupt(worker, moment)

    monkeypatch.setattr(interrupted, "interrupt", interrupt_but_not_the_first)
    reconcile(now + LATER)

    assert (stored(bad.id).state, stored(good.id).state) == ("started", "queued")


def test_all_runs_of_a_dead_worker_are_settled_and_none_of_a_living_one(now: datetime) -> None:
    registered("w1", heartbeat_at=now)
    registered("w2", heartbeat_at=now + 29 * SECOND)
    ids = enqueue_many("a.retry", [{}] * 5)
    ledger.turn(ids[:3], (), worker="w1")
    ledger.turn(ids[3:], (), worker="w2")

    done = reconcile(now + 31 * SECOND)

    assert (done.dead, done.interrupted) == (1, 3)
    assert [stored(run_id).state for run_id in ids] == ["queued"] * 3 + ["started"] * 2


def test_who_may_not_judge_settles_nobody(now: datetime) -> None:
    registered("w1", heartbeat_at=now)
    run = begun("w1")
    moment = now + timedelta(hours=1)  # as after an outage, when nobody has beaten yet

    before = reconcile_as_told(moment)
    with transaction() as session:
        session.get_one(Worker, "w1").heartbeat_at = moment
    after = reconcile(moment + SECOND)

    assert (before.dead, before.interrupted, after.dead, after.interrupted) == (0, 0, 0, 0)
    assert stored(run.id).state == "started"


def test_what_was_finished_while_redis_was_away_keeps_its_result_and_is_not_run_again(
    real_redis: Redis, now: datetime
) -> None:
    run = begun("w1")
    execution = executing(real_redis, run.id, "w1")  # Redis never heard of the end
    ledger.turn([], [Outcome(run, "finished", "the result")], worker="w1")

    reconcile(now + timedelta(minutes=5))

    assert (stored(run.id).state, stored(run.id).result) == ("finished", "the result")
    assert run.id not in queued(real_redis)
    assert not real_redis.exists(execution.key)
    assert ledger.begin(run.id, "w2") is None


# Pauses and priorities


@pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("job", "a.retry")])
def test_what_is_paused_waits_in_the_ledger_alone(
    real_redis: Redis, now: datetime, scope: str, name: str
) -> None:
    run = enqueue("a.retry")
    pause(scope, name, now, until=now + timedelta(minutes=1))
    real_redis.flushall()

    during = reconcile(now + LATER)
    after = reconcile(now + timedelta(minutes=1))

    assert (during.requeued, after.requeued) == (0, 1)
    assert queued(real_redis) == [run.id]


def test_what_is_not_paused_is_handed_over_meanwhile(real_redis: Redis, now: datetime) -> None:
    enqueue("a.retry")
    other = enqueue("a.fail")
    pause("job", "a.retry", now)
    real_redis.flushall()

    reconcile(now + LATER)

    assert queued(real_redis) == [other.id]


def test_what_was_lost_comes_back_into_the_lane_of_its_priority(real_redis: Redis, now: datetime) -> None:
    low, normal, high = (enqueue("a.retry", priority=priority) for priority in (-1, 0, 1))
    real_redis.flushall()

    done = reconcile(now + LATER)
    again = reconcile(now + LATER)

    assert (done.requeued, again.requeued) == (3, 0)
    assert [queued(real_redis, QUEUE + lane) for lane in ("-high", "", "-low")] == [
        [high.id],
        [normal.id],
        [low.id],
    ]


def test_of_a_flood_the_urgent_and_the_old_come_back_first(
    real_redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "PUSHED_MOST", 2)
    normal = enqueue("a.retry")
    high, low = enqueue("a.retry", priority=1), enqueue("a.retry", priority=-1)
    old = enqueue("a.retry", priority=-1)
    with transaction() as session:
        session.get_one(JobRun, old.id).available_at = now - timedelta(minutes=25)
    real_redis.flushall()

    reconcile(now + LATER)

    assert (queued(real_redis, f"{QUEUE}-high"), queued(real_redis, f"{QUEUE}-low")) == ([high.id], [old.id])
    assert (stored(normal.id).state, stored(low.id).state) == ("queued", "queued")


# What Redis still shows


def test_a_run_that_is_over_leaves_the_queue_and_its_record_expires(real_redis: Redis, now: datetime) -> None:
    run = begun("w1")
    ledger.finish(run, "done")  # a second copy of it is still in the queue

    done = reconcile(now)

    assert done == Reconciled(removed=1)
    assert queued(real_redis) == []
    assert 0 < real_redis.ttl(Job.key_for(run.id)) <= 500


def test_the_execution_of_a_dead_worker_leaves_the_registry(real_redis: Redis, now: datetime) -> None:
    run = enqueue("a.retry")
    execution = executing(real_redis, run.id, "gone")

    done = reconcile(now)

    assert done == Reconciled(removed=1)
    assert real_redis.zcard(StartedJobRegistry("default", connection=real_redis).key) == 0
    assert not real_redis.exists(execution.key)


def test_the_execution_of_a_living_worker_stays(real_redis: Redis, now: datetime) -> None:
    registered("w1", heartbeat_at=now)
    run = begun("w1")
    real_redis.delete(QUEUE)
    execution = executing(real_redis, run.id, "w1")

    assert reconcile(now) == Reconciled()
    assert real_redis.exists(execution.key)


def test_jobs_that_are_not_ours_are_left_alone(real_redis: Redis, now: datetime) -> None:
    real_redis.rpush(QUEUE, "foreign")
    real_redis.rpush(f"{QUEUE}:intermediate", "foreign")
    executing(real_redis, "foreign", "gone")

    assert reconcile(now) == Reconciled()
    assert queued(real_redis) == ["foreign"]
    assert real_redis.lrange(f"{QUEUE}:intermediate", 0, -1) == [b"foreign"]
    assert real_redis.zcard(StartedJobRegistry("default", connection=real_redis).key) == 1


def test_garbage_in_the_lists_stops_nothing(real_redis: Redis, now: datetime) -> None:
    run = enqueue("a.retry")
    real_redis.flushall()
    real_redis.rpush(QUEUE, b"\xff\xfe\x00", b"", b"x" * 10_000)
    real_redis.zadd("rq:wip:default", {b"no-colon": 1, b"\xff:\xff": 2})

    done = reconcile(now + LATER)

    assert done.requeued == 1
    assert real_redis.lrange(QUEUE, -1, -1) == [run.id.encode()]


def test_after_everything_was_flushed_a_worker_finds_all_runs_again(
    app: Flask, real_redis: Redis, now: datetime, change_settings: Callable[..., None]
) -> None:
    waiting = enqueue_many("a.retry", [{}] * 3)
    dead = begun("gone")
    real_redis.flushall()

    reconcile(now + LATER)
    reconcile(now + 2 * LATER)

    assert sorted(queued(real_redis)) == sorted([*waiting, dead.id])
