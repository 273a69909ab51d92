"""A waiting worker hears at once that something has come, and what RQ's tools tell it to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from redis import Redis
from rq.command import send_command, send_shutdown_command, send_stop_job_command

from edupulse.control.engine import ear, transport
from edupulse.control.enqueue import enqueue
from tests.control.engine.redis_lines import Line, message

pytestmark = pytest.mark.real_redis
LONG = 20.0  # seconds; a wait that lasted so long was not ended by what the test did


@pytest.fixture
def line(sqlite_app: Flask, real_redis: Redis) -> Iterator[Line]:
    made = Line(sqlite_app, real_redis)
    made.transport.wait(0.05)  # the answer to the subscription
    yield made
    made.close()


def waited(line: Line) -> bool:
    """Wait; say whether it had to be waited to the end."""
    before = time.monotonic()
    line.transport.wait(LONG)
    return time.monotonic() - before >= LONG


def test_work_ends_the_wait(line: Line) -> None:
    enqueue("diagnostics.ping")

    assert not waited(line)


def test_work_that_comes_during_the_wait_ends_it(line: Line, real_redis: Redis) -> None:
    threading.Timer(0.05, real_redis.publish, ("edupulse:bell", "")).start()

    assert not waited(line)


def test_the_wakeup_ends_the_wait(line: Line) -> None:
    line.wakeup.ring()

    assert not waited(line)


def test_without_news_the_time_is_waited_out(line: Line) -> None:
    before = time.monotonic()

    line.transport.wait(0.05)

    assert time.monotonic() - before >= 0.05


def test_a_stop_job_command_of_rq_reaches_the_run(line: Line, real_redis: Redis) -> None:
    job = message(real_redis)
    line.take()
    send_stop_job_command(real_redis, job.id, serializer=job.serializer)

    assert not waited(line)
    assert line.stopped == ["run-1"]


def test_a_busy_worker_hears_commands_without_waiting(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LISTEN_SECONDS", 0.0)
    line.take(0)
    send_command(real_redis, "w1", "stop-execution", job_id="run-1", execution_id="x")

    turns = 0
    while not line.stopped and turns < 10_000:
        line.take(0)
        turns += 1

    assert line.stopped == ["run-1"]


def test_a_shutdown_command_of_rq_ends_the_worker(line: Line, real_redis: Redis) -> None:
    send_shutdown_command(real_redis, "w1")

    assert not waited(line)
    assert line.shut_down == 1


@pytest.mark.parametrize(
    "text", ["no json", "[]", '{"command": "kill-horse"}', '{"command": "stop-job", "job_id": 7}']
)
def test_a_command_that_makes_no_sense_is_passed_over(line: Line, real_redis: Redis, text: str) -> None:
    real_redis.publish("rq:pubsub:w1", text)

    assert not waited(line)
    assert (line.stopped, line.shut_down) == ([], 0)


def test_a_lost_connection_is_made_again(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ear, "TRY_AGAIN_SECONDS", 0.0)
    real_redis.client_kill_filter(_type="pubsub")
    for _ in range(3):
        line.transport.wait(0.01)

    real_redis.publish("edupulse:bell", "")

    assert not waited(line)


def test_a_lost_connection_does_not_make_a_worker_spin(line: Line, real_redis: Redis) -> None:
    real_redis.client_kill_filter(_type="pubsub")
    line.transport.wait(0.05)
    before = time.monotonic()

    line.transport.wait(0.05)

    assert time.monotonic() - before >= 0.05
