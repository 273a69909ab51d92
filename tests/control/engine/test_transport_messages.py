"""What stands in Redis is not believed: a message that is not ours harms nothing and is shown with a reason."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq.job import Job
from rq.registry import FailedJobRegistry

from edupulse.control.engine import payload
from edupulse.control.engine.transport import Ended
from jobs import diagnostics
from tests.control.engine.redis_lines import Line, ended, message

pytestmark = pytest.mark.real_redis


@pytest.fixture
def line(sqlite_app: Flask, real_redis: Redis) -> Iterator[Line]:
    made = Line(sqlite_app, real_redis)
    yield made
    made.close()


def packed(value: object) -> bytes:
    return zlib.compress(json.dumps(value).encode())


SPOILT: dict[str, tuple[dict[str, Any], str]] = {
    "other arguments": ({"data": packed(["jobs.diagnostics.ping", None, [], {"note": "evil"}])}, "signature"),
    "another function": ({"data": packed(["os.system", None, ["true"], {}])}, "signature"),
    "no JSON": ({"data": zlib.compress(b"\x80\x04nonsense")}, "signature"),
    "not compressed": ({"data": b"nonsense"}, "signature"),
    "meta that is no JSON": ({"meta": b"\xff\xfe"}, "cannot be read"),
    "meta that is a list": ({"meta": b"[]"}, "signature"),
    "a signature that is a number": ({"meta": b'{"signature": 1}'}, "signature"),
    "a signature of other letters": ({"meta": '{"signature": "ü"}'.encode()}, "signature"),
    "meta of endless depth": ({"meta": b"[" * 200_000}, "cannot be read"),
    "a callback that was added": ({"success_callback_name": "os.getpid"}, "signature"),
    "a callback that is no text": ({"success_callback_name": b"\xff"}, "cannot be read"),
    "another queue": ({"origin": "email"}, "belongs to another"),
    "text that unpacks without end": (
        {"data": zlib.compress(b" " * (payload.LONGEST + 1))},
        "cannot be read",
    ),
}


@pytest.mark.parametrize(("fields", "reason"), SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_message_is_refused(
    line: Line, real_redis: Redis, fields: dict[str, Any], reason: str
) -> None:
    job = message(real_redis)
    real_redis.hset(job.key, mapping=fields)

    (taken,) = line.take(2)

    assert reason in taken.refused


def test_a_message_without_its_fields_is_refused(line: Line, real_redis: Redis) -> None:
    real_redis.hset("rq:job:run-1", "status", "queued")
    real_redis.rpush("rq:queue:default", "run-1")

    assert line.take()[0].refused != ""


def test_a_function_that_the_catalog_does_not_know_is_refused_even_when_signed(
    line: Line, real_redis: Redis
) -> None:
    message(real_redis, change=lambda job: setattr(job, "func_name", "jobs.diagnostics.gone"))

    assert line.take()[0].refused == "The catalog has no such job."


def test_a_refused_message_is_logged_once_and_shown_as_failed_with_the_reason(
    line: Line, real_redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    job = message(real_redis)
    real_redis.hset(job.key, "meta", "{}")
    with caplog.at_level(logging.ERROR, logger="edupulse"):
        (taken,) = line.take()
        line.take(0, [Ended(taken, None)])

    result = job.latest_result()
    assert [record.message for record in caplog.records] == ["message refused"]
    assert job.get_status() == "failed"
    assert result is not None
    assert result.exc_string == "Its signature does not match."
    assert FailedJobRegistry("default", connection=real_redis).get_job_ids() == ["run-1"]
    assert 0 < real_redis.ttl(job.key) <= 86_400


@pytest.mark.parametrize("name", [b"with space", b"\xff\xfe", b"a:b", b""])
def test_what_cannot_be_an_id_is_dropped_and_the_next_message_taken(
    line: Line, real_redis: Redis, name: bytes
) -> None:
    real_redis.rpush("rq:queue:default", name)
    message(real_redis)

    assert [one.run_id for one in line.take(5)] == ["run-1"]
    assert real_redis.llen("rq:queue:default") == 0


def test_a_key_that_is_no_job_at_all_is_dropped(line: Line, real_redis: Redis) -> None:
    real_redis.set("rq:job:run-0", "a text")
    real_redis.rpush("rq:queue:default", "run-0")
    message(real_redis)

    assert [one.run_id for one in line.take(5)] == ["run-1"]


def test_a_message_that_is_spoilt_while_it_is_worked_on_disturbs_nobody(
    line: Line, real_redis: Redis
) -> None:
    message(real_redis, change=lambda job: setattr(job, "retries_left", 1))
    (taken,) = line.take()
    real_redis.hset("rq:job:run-1", "retries_left", "many")

    line.end(taken, "failed", why="no")

    assert real_redis.keys("rq:execution*") == []


def test_a_key_that_is_no_job_is_dropped_also_where_priorities_are_compared(
    line: Line, real_redis: Redis
) -> None:
    real_redis.set("rq:job:run-0", "a text")
    real_redis.rpush("rq:queue:default-low", "run-0")
    message(real_redis)

    assert [one.run_id for one in line.take(5)] == ["run-1"]


@pytest.mark.parametrize("key", ["rq:job:run-1", "rq:results:run-1", "rq:executions:run-1"])
@pytest.mark.parametrize("state", ["finished", "failed"])
def test_a_key_put_in_the_way_of_a_run_harms_no_other(
    line: Line, real_redis: Redis, key: str, state: str
) -> None:
    message(real_redis)
    job = message(real_redis, "run-2")
    taken = line.take(2)
    real_redis.delete(key)
    real_redis.set(key, "a text")

    line.take(0, [ended(one, state) for one in taken])

    assert job.get_status() == state
    assert real_redis.exists("rq:worker:w1:executions") == 0


def with_callback(name: str) -> Callable[[Job], None]:
    return lambda job: setattr(job, "_success_callback_name", name)


@pytest.mark.parametrize("name", ["os.getcwd", "jobs.catalog.after", "edupulse.clock.now"])
def test_a_callback_outside_our_jobs_is_not_run(
    line: Line, real_redis: Redis, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    job = message(real_redis, change=with_callback(name))

    line.end(line.take()[0], result=1)

    assert "callbacks not run" in caplog.text
    assert job.get_status() == "finished"


def test_a_callback_that_was_changed_under_the_run_is_not_run(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[object] = []
    monkeypatch.setattr(diagnostics, "evil", lambda *facts: called.append(facts), raising=False)
    job = message(real_redis)
    (taken,) = line.take()
    real_redis.hset(job.key, "success_callback_name", "jobs.diagnostics.evil")

    line.end(taken)

    assert (called, job.get_status()) == ([], "finished")


def test_a_callback_that_fails_or_wants_to_leave_does_not_end_the_worker(
    line: Line, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*facts: object) -> None:
        raise SystemExit(3)

    monkeypatch.setattr(diagnostics, "leave", leave, raising=False)
    job = message(real_redis, change=with_callback("jobs.diagnostics.leave"))

    line.take(0, [ended(line.take()[0])])

    assert job.get_status() == "failed"  # as RQ sees it; the ledger knows better
