"""Accepting work: checked, a row first, in Redis after the commit."""

from __future__ import annotations

from datetime import datetime

import pytest
from flask import Flask
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.messages import BELL, FAILURE_TTL, RESULT_TTL, push, rq_job
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.transaction import transaction


def waiting(redis: Redis, queue: str = "default") -> list[str]:
    return [item.decode() for item in redis.lrange(f"rq:queue:{queue}", 0, -1)]


def test_an_accepted_job_is_a_row_and_a_message_with_the_same_id(app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping", note="hello")

    assert db.session.get_one(JobRun, run.id).state == "queued"
    assert waiting(redis) == [run.id]


def test_the_message_is_plain_json_and_every_lifetime_is_finite(app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping", note="hello")

    job = Job.fetch(run.id, connection=redis, serializer=JSONSerializer)

    assert (job.func_name, job.kwargs) == ("jobs.diagnostics.ping", {"note": "hello"})
    assert (job.timeout, job.result_ttl, job.failure_ttl) == (1800, RESULT_TTL, FAILURE_TTL)


def test_nothing_reaches_redis_before_the_commit(app: Flask, redis: Redis) -> None:
    with transaction():
        run = enqueue("diagnostics.ping")
        assert waiting(redis) == []

    assert waiting(redis) == [run.id]


def test_a_rolled_back_transaction_leaves_neither_row_nor_message(app: Flask, redis: Redis) -> None:
    with pytest.raises(RuntimeError), transaction():
        enqueue("diagnostics.ping")
        raise RuntimeError

    assert db.session.scalar(select(func.count()).select_from(JobRun)) == 0
    assert waiting(redis) == []


def test_the_same_occurrence_is_accepted_once(app: Flask, redis: Redis) -> None:
    first = enqueue("diagnostics.ping", occurrence_key="ping@10:00")
    second = enqueue("diagnostics.ping", occurrence_key="ping@10:00")

    assert first.id == second.id
    assert waiting(redis) == [first.id]


def test_many_runs_keep_their_order(app: Flask, redis: Redis) -> None:
    ids = enqueue_many("diagnostics.ping", [{"note": str(number)} for number in range(1200)])

    assert waiting(redis) == ids


def test_no_runs_are_no_work(app: Flask, redis: Redis) -> None:
    assert enqueue_many("diagnostics.ping", []) == []


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("diagnostics.pong", {}, "no job named 'diagnostics.pong'. Known: diagnostics.ping"),
        ("os.system", {}, "no job named 'os.system'"),
        ("mail.deliver", {}, "missing a required argument: 'delivery_ids'"),
        ("diagnostics.ping", {"notes": "x"}, "unexpected keyword argument 'notes'"),
        ("diagnostics.ping", {"note": object()}, "plain JSON values"),
        ("diagnostics.ping", {"note": (1, 2)}, "plain JSON values"),
        ("diagnostics.ping", {"note": float("nan")}, "plain JSON values"),
    ],
)
def test_a_wrong_name_or_argument_is_refused_with_a_cure(
    sqlite_app: Flask, name: str, arguments: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Invalid) as caught:
        enqueue(name, **arguments)

    assert sentence in str(caught.value)
    assert db.session.scalar(select(func.count()).select_from(JobRun)) == 0


def test_work_is_accepted_while_redis_is_away(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise RedisConnectionError("connection refused")

    monkeypatch.setattr(Pipeline, "execute", away)

    run = enqueue("diagnostics.ping")

    assert db.session.get_one(JobRun, run.id).state == "queued"


def test_rq_reads_in_our_message_what_it_would_have_written_itself(sqlite_app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping", note="hello")
    ours = Job.fetch(run.id, connection=redis, serializer=JSONSerializer).to_dict()
    redis.flushall()
    queue = Queue("default", connection=redis, serializer=JSONSerializer)
    queue.enqueue_job(rq_job(run, queue))

    theirs = Job.fetch(run.id, connection=redis, serializer=JSONSerializer).to_dict()

    assert without_times(ours) == without_times(theirs)
    assert redis.smembers("rq:queues") == {b"rq:queue:default"}


def without_times(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if name not in ("created_at", "enqueued_at")}


@pytest.mark.parametrize(("priority", "queue"), [(1, "default-high"), (0, "default"), (-1, "default-low")])
def test_a_priority_is_a_queue_of_its_own_in_redis(
    sqlite_app: Flask, redis: Redis, priority: int, queue: str
) -> None:
    run = enqueue("diagnostics.ping", priority=priority)

    assert waiting(redis, queue) == [run.id]
    assert redis.smembers("rq:queues") == {f"rq:queue:{queue}".encode()}


def test_a_priority_is_worth_ten_minutes_of_waiting(sqlite_app: Flask, redis: Redis, now: datetime) -> None:
    ranks = [
        float(redis.hget(f"rq:job:{enqueue('diagnostics.ping', priority=priority).id}", "rank") or 0)
        for priority in (1, 0, -1)
    ]

    assert ranks == [now.timestamp() - 600, now.timestamp(), now.timestamp() + 600]


def test_workers_are_told_once_for_many_runs(sqlite_app: Flask, redis: Redis) -> None:
    ear = redis.pubsub(ignore_subscribe_messages=True)
    ear.subscribe(BELL)
    ear.get_message(timeout=1)

    enqueue_many("diagnostics.ping", [{}] * 20)

    assert ear.get_message(timeout=1) is not None
    assert ear.get_message(timeout=0) is None
    ear.close()


def test_a_message_that_is_pushed_again_is_a_fresh_one(sqlite_app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    key = f"rq:job:{run.id}"
    redis.hset(key, mapping={"status": "failed", "worker_name": "w1", "retries_left": 1})
    redis.expire(key, 100)
    redis.zadd("rq:failed:default", {run.id: 1})

    push([run.id])

    assert redis.hmget(key, "status", "worker_name", "retries_left") == [b"queued", None, None]
    assert (redis.ttl(key), redis.zcard("rq:failed:default")) == (-1, 0)


@pytest.mark.real_redis
def test_a_waiting_message_is_kept_in_the_compact_form(sqlite_app: Flask, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping")

    assert real_redis.object("encoding", f"rq:job:{run.id}") in (b"listpack", b"ziplist")


def test_pushing_again_leaves_runs_alone_that_have_moved_on(app: Flask, redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    redis.flushall()
    with transaction() as session:
        session.get_one(JobRun, run.id).state = "finished"

    push([run.id])

    assert waiting(redis) == []
