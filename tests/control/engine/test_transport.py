"""One call takes and ends; whatever is lost on the way, Redis and the worker agree again at the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from edupulse.control.engine import presence
from edupulse.control.engine.transport import BEAT_SECONDS, Ended, beat
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun
from edupulse.transaction import transaction
from tests.control.engine.redis_lines import Line, ended, message
from tests.servers import RedisProcess

pytestmark = pytest.mark.real_redis

MakeLine = Callable[..., Line]


@pytest.fixture
def line(sqlite_app: Flask, real_redis: Redis) -> Iterator[Line]:
    made = Line(sqlite_app, real_redis, "email", "default")
    yield made
    made.close()


@pytest.fixture
def own_process() -> Iterator[RedisProcess]:
    """A Redis that the test may stop."""
    process = RedisProcess().start()
    yield process
    process.remove()


def seen(redis: Redis) -> Worker:
    (worker,) = Worker.all(connection=redis)
    return worker


def lose_the_next_answer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next call be carried out by Redis, and its answer never arrive."""
    real = line.transport._turn

    def lost(**order: object) -> None:
        monkeypatch.setattr(line.transport, "_turn", real)
        real(**order)
        raise RedisConnectionError("the line died")

    monkeypatch.setattr(line.transport, "_turn", lost)


def test_the_first_queue_comes_before_the_second(line: Line, real_redis: Redis) -> None:
    message(real_redis, "d-1")
    message(real_redis, "e-1", lane="email")

    assert [one.run_id for one in line.take(5)] == ["e-1", "d-1"]


def test_no_more_is_taken_than_was_wanted(line: Line, real_redis: Redis) -> None:
    enqueue_many("diagnostics.ping", [{}] * 3)

    taken = line.take(2)

    assert (len(taken), line.transport.was_empty) == (2, False)
    assert (len(line.take(2)), line.transport.was_empty) == (1, True)


def test_the_urgent_overtake_the_others(line: Line) -> None:
    low = enqueue("diagnostics.ping", priority=-1)
    normal = enqueue("diagnostics.ping")
    high = enqueue("diagnostics.ping", priority=1)

    assert [one.run_id for one in line.take(3)] == [high.id, normal.id, low.id]


def test_a_low_job_that_has_waited_ten_minutes_longer_is_not_overtaken(line: Line, real_redis: Redis) -> None:
    low, normal = enqueue("diagnostics.ping", priority=-1), enqueue("diagnostics.ping")
    rank = float(real_redis.hget(f"rq:job:{normal.id}", "rank") or 0)
    real_redis.hset(f"rq:job:{low.id}", "rank", rank - 1)

    assert [one.run_id for one in line.take(2)] == [low.id, normal.id]


def test_a_paused_queue_keeps_its_messages(line: Line, real_redis: Redis) -> None:
    message(real_redis, "e-1", lane="email")
    message(real_redis, "d-1")
    real_redis.sadd("edupulse:paused", "email")

    assert [one.run_id for one in line.take(5)] == ["d-1"]
    assert real_redis.llen("rq:queue:email") == 1


def test_a_message_whose_job_was_deleted_is_passed_over(line: Line, real_redis: Redis) -> None:
    message(real_redis, "run-1").delete(remove_from_queue=False)
    message(real_redis, "run-2")

    assert [one.run_id for one in line.take(1)] == ["run-2"]


def test_rq_sees_what_is_under_way(line: Line, real_redis: Redis) -> None:
    message(real_redis, "run-1")
    message(real_redis, "run-2")

    line.take(2)

    worker = seen(real_redis)
    assert (worker.get_state(), worker.current_execution_count) == ("busy", 2)
    assert {one.job_id for one in worker.get_current_executions()} == {"run-1", "run-2"}


def test_when_all_is_done_rq_sees_an_idle_worker_with_its_count(line: Line, real_redis: Redis) -> None:
    message(real_redis, "run-1")
    message(real_redis, "run-2")

    line.take(0, [ended(one) for one in line.take(2)])

    worker = seen(real_redis)
    assert (worker.get_state(), worker.current_execution_count, worker.successful_job_count) == ("idle", 0, 2)


def test_a_result_can_be_read_with_rq(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)

    line.end(line.take()[0], result={"sent": 3})

    assert (job.get_status(), job.return_value()) == ("finished", {"sent": 3})


def test_a_result_that_is_no_json_is_shown_as_rq_shows_it(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)

    line.end(line.take()[0], result=object())

    assert job.return_value() == "Unserializable return value"


def test_of_a_traceback_redis_keeps_the_end(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)

    line.end(line.take()[0], state="failed", why="x" * 5000 + "the cause")

    result = job.latest_result()
    assert result is not None
    assert len(result.exc_string or "") == 2000
    assert (result.exc_string or "").endswith("the cause")


@pytest.mark.parametrize("outcome", ["nobody's", "interrupted"])
def test_a_run_that_goes_on_elsewhere_keeps_its_job(line: Line, real_redis: Redis, outcome: str) -> None:
    run = enqueue("diagnostics.ping")
    (taken,) = line.take()

    line.take(0, [Ended(taken, None) if outcome == "nobody's" else ended(taken, "interrupted")])

    assert real_redis.ttl(f"rq:job:{run.id}") == -1
    assert real_redis.keys("rq:execution*") == []
    assert real_redis.zcard("rq:wip:default") == 0


def test_a_second_copy_of_a_run_that_is_over_may_expire(line: Line, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    (taken,) = line.take()
    with transaction() as session:
        session.get_one(JobRun, run.id).state = "finished"

    line.take(0, [Ended(taken, None)])

    assert 0 < real_redis.ttl(f"rq:job:{run.id}") <= 500


def test_a_second_copy_of_a_run_that_we_have_is_put_down_again(line: Line, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    (taken,) = line.take()
    real_redis.rpush("rq:queue:default", run.id)

    assert line.take(2) == []
    line.take(0)

    assert real_redis.zcard("rq:wip:default") == 1
    line.end(taken)
    assert Job.fetch(run.id, real_redis, JSONSerializer).get_status() == "finished"


def test_an_end_does_not_overwrite_a_message_that_waits_again(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)
    (taken,) = line.take()
    message(real_redis)

    line.end(taken, state="failed", why="late")

    assert job.get_status() == "queued"
    assert real_redis.ttl(job.key) == -1
    assert real_redis.zcard("rq:wip:default") == 0


def test_a_job_deleted_under_the_run_stays_deleted(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)
    (taken,) = line.take()
    real_redis.delete(job.key)

    line.end(taken)

    assert real_redis.keys("rq:job:*") + real_redis.keys("rq:execution*") == []


def test_what_was_taken_and_never_answered_is_answered_at_the_next_call(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    message(real_redis, "run-1")
    message(real_redis, "run-2")
    lose_the_next_answer(line, monkeypatch)
    with pytest.raises(RedisConnectionError):
        line.take(1)

    assert [one.run_id for one in line.take(1)] == ["run-1"]
    assert [one.run_id for one in line.take(1)] == ["run-2"]


def test_what_was_ended_and_never_answered_counts_once(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = message(real_redis)
    (taken,) = line.take()
    lose_the_next_answer(line, monkeypatch)
    with pytest.raises(RedisConnectionError):
        line.end(taken)

    line.end(taken)

    assert seen(real_redis).successful_job_count == 1
    assert len(job.results()) == 1


def test_an_execution_that_nobody_knows_of_is_found_by_the_audit(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = enqueue("diagnostics.ping")
    line.take()
    line.transport._holdings.drop([Ended(one, None) for one in line.take(0)])
    line.transport._holdings._held.clear()

    line.transport._next_audit = 0.0

    assert [one.run_id for one in line.take(1)] == [run.id]


def test_a_redis_that_lost_everything_knows_the_worker_again(line: Line, real_redis: Redis) -> None:
    message(real_redis)
    (taken,) = line.take()
    real_redis.flushall()

    line.end(taken)

    assert seen(real_redis).queue_names() == [
        "email-high",
        "email",
        "email-low",
        "default-high",
        "default",
        "default-low",
    ]
    assert real_redis.ttl("rq:worker:w1") > 60
    assert real_redis.keys("rq:job:*") == []


def test_a_redis_that_forgot_its_scripts_is_told_them_again(line: Line, real_redis: Redis) -> None:
    message(real_redis)
    real_redis.script_flush()

    assert [one.run_id for one in line.take()] == ["run-1"]


def test_a_call_is_never_repeated_by_the_connection(line: Line) -> None:
    assert line.transport._worker.connection.get_retry().get_retries() == 0


def test_a_worker_gets_over_a_redis_that_is_away(sqlite_app: Flask, own_process: RedisProcess) -> None:
    redis = Redis.from_url(own_process.url)
    line = Line(sqlite_app, redis)
    own_process.stop(kill=True)
    line.transport.wait(0.01)
    with pytest.raises(RedisConnectionError):
        line.take()

    own_process.start()
    message(redis)

    assert [one.run_id for one in line.take()] == ["run-1"]
    line.close()


def test_a_farewell_to_a_redis_that_is_away_is_silent(sqlite_app: Flask, own_process: RedisProcess) -> None:
    line = Line(sqlite_app, Redis.from_url(own_process.url))
    own_process.stop(kill=True)

    line.close()

    assert line.transport._ear._pubsub is None


def test_a_beat_keeps_up_the_worker_and_all_that_it_works_on(line: Line, real_redis: Redis) -> None:
    message(real_redis)
    (taken,) = line.take()
    execution = f"rq:execution:{taken.run_id}:{taken.execution_id}"
    for key in ("rq:worker:w1", "rq:worker:w1:executions", execution, f"rq:executions:{taken.run_id}"):
        real_redis.expire(key, 5)
    real_redis.zadd("rq:wip:default", {f"{taken.run_id}:{taken.execution_id}": 1})

    assert beat(real_redis, "w1", True) is True

    assert real_redis.ttl("rq:worker:w1") > 110
    assert real_redis.ttl(execution) > 80
    assert Queue("default", connection=real_redis).started_job_registry.get_expired_job_ids() == []


def test_a_beat_passes_over_what_somebody_has_spoilt(line: Line, real_redis: Redis) -> None:
    message(real_redis, "run-1")
    message(real_redis, "run-2")
    line.take(2)
    real_redis.set("rq:job:run-1", "a text")
    real_redis.hdel("rq:job:run-2", "last_heartbeat")

    assert beat(real_redis, "w1", True) is True

    assert real_redis.hexists("rq:job:run-2", "last_heartbeat")


def test_a_beat_for_an_idle_worker_looks_at_nothing_else(line: Line, real_redis: Redis) -> None:
    message(real_redis)
    (taken,) = line.take()
    real_redis.expire(f"rq:executions:{taken.run_id}", 5)

    assert beat(real_redis, "w1", False) is True

    assert real_redis.ttl(f"rq:executions:{taken.run_id}") <= 5


def test_a_beat_for_a_worker_that_redis_forgot_writes_nothing(real_redis: Redis) -> None:
    assert beat(real_redis, "w9", True) is False
    assert real_redis.keys("*") == []


def test_after_a_farewell_rq_sees_no_worker(sqlite_app: Flask, real_redis: Redis) -> None:
    line = Line(sqlite_app, real_redis)

    line.close()

    assert Worker.all(connection=real_redis) == []
    assert real_redis.ttl("rq:worker:w1") <= 60


def test_redis_keeps_only_the_latest_ends(line: Line, real_redis: Redis) -> None:
    enqueue_many("diagnostics.ping", [{}] * 1200)
    taken = line.take(200)
    while taken:
        taken = line.take(200, [ended(one, "failed", why="ValueError: no") for one in taken])
    for _ in range(10):  # a few at a time
        enqueue("diagnostics.ping")
        line.end(line.take()[0], "failed", why="ValueError: no")

    kept = real_redis.zcard("rq:failed:default")
    assert 900 <= kept <= 1000
    assert len(real_redis.keys("rq:job:*")) == len(real_redis.keys("rq:results:*")) == kept


def test_the_lifetimes_leave_room_for_a_few_lost_beats() -> None:
    assert presence.EXECUTION_TTL >= 3 * BEAT_SECONDS
    assert presence.WORKER_TTL >= 3 * BEAT_SECONDS


def test_a_second_copy_is_put_down_at_the_latest_when_the_worker_ends(
    sqlite_app: Flask, real_redis: Redis
) -> None:
    line = Line(sqlite_app, real_redis)
    run = enqueue("diagnostics.ping")
    (taken,) = line.take()
    real_redis.rpush("rq:queue:default", run.id)
    line.take()

    line.close()

    assert real_redis.zrange("rq:wip:default", 0, -1) == [f"{run.id}:{taken.execution_id}".encode()]


def test_after_an_error_the_next_call_uses_a_new_connection(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = line.transport._worker.connection.client_id()
    lose_the_next_answer(line, monkeypatch)
    with pytest.raises(RedisConnectionError):
        line.take()

    assert line.transport._worker.connection.client_id() != before
