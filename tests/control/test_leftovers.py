"""What Redis shows of runs that are over or in other hands goes, in every lane, whatever else their worker does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from flask import Flask
from redis import Redis

from edupulse.control import leftovers, workers
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.models import JobRun
from edupulse.transaction import transaction
from tests.control.engine.redis_lines import Line

pytestmark = pytest.mark.real_redis


@pytest.fixture
def line(sqlite_app: Flask, real_redis: Redis) -> Iterator[Line]:
    made = Line(sqlite_app, real_redis, "default", name=workers.current_worker_name())
    yield made
    made.close()


def end(run_id: str) -> None:
    with transaction() as session:
        session.get_one(JobRun, run_id).state = "cancelled"


def clear(redis: Redis) -> int:
    return leftovers.clear(redis, datetime.now().astimezone())


@pytest.mark.parametrize("priority", [1, 0, -1])
def test_a_run_that_is_over_waits_in_no_lane(sqlite_app: Flask, real_redis: Redis, priority: int) -> None:
    run, other = (
        enqueue("diagnostics.ping", priority=priority),
        enqueue("diagnostics.ping", priority=priority),
    )
    end(run.id)

    assert clear(real_redis) == 1

    (lane,) = real_redis.keys("rq:queue:*")
    assert real_redis.lrange(lane, 0, -1) == [other.id.encode()]
    assert 0 < real_redis.ttl(f"rq:job:{run.id}") <= 500


def test_all_that_a_dead_worker_had_in_hand_is_put_down(line: Line, real_redis: Redis) -> None:
    enqueue_many("diagnostics.ping", [{}] * 3)
    line.take(3)

    assert clear(real_redis) == 3
    assert real_redis.zcard("rq:wip:default") == 0
    assert real_redis.keys("rq:execution:*") == []


def test_what_a_living_worker_has_in_hand_is_left_to_it(line: Line, real_redis: Redis) -> None:
    workers.register("worker", ["default"], threads=3)
    enqueue_many("diagnostics.ping", [{}] * 3)
    line.take(3)

    assert clear(real_redis) == 0
    assert real_redis.zcard("rq:wip:default") == 3


def test_rq_forgets_a_worker_that_left_without_a_word(line: Line, real_redis: Redis) -> None:
    real_redis.delete(f"rq:worker:{workers.current_worker_name()}")

    clear(real_redis)

    assert real_redis.keys("rq:workers*") == []


def test_nothing_to_see_is_nothing_to_do(sqlite_app: Flask, real_redis: Redis) -> None:
    assert clear(real_redis) == 0
