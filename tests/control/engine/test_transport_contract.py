"""What our worker leaves in Redis equals, key by key, what a stock RQ worker leaves for the same job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from rq import Callback, Queue, SimpleWorker, Worker
from rq.job import Job, Retry
from rq.serializers import JSONSerializer

from edupulse.control.catalog import lanes
from jobs import diagnostics
from tests.control.engine.redis_lines import Line, message, picture

pytestmark = pytest.mark.real_redis

Change = Callable[[Job], None]


def succeed(note: str = "") -> dict[str, str]:
    return {"said": note}


def fail(note: str = "") -> None:
    raise ValueError("no")


def ask_for_another_try(note: str = "") -> Retry:
    return Retry(max=2)


def say_nothing(note: str = "") -> None:
    """Return nothing."""


@pytest.fixture
def stock(real_redis: Redis) -> Worker:
    """A stock worker under the name that ours has in these tests."""
    worker = Worker(
        list(lanes("default")), name="w1", connection=real_redis, serializer=JSONSerializer, worker_ttl=60
    )
    worker.register_birth()
    return worker


def begin(worker: Worker, job: Job, queue: Queue) -> Any:
    execution = worker.prepare_execution(job)
    worker.prepare_job_execution(job)
    return execution


def pop(worker: Worker) -> tuple[Job, Queue]:
    found = Queue.dequeue_any(worker.queues, None, worker.connection, serializer=JSONSerializer)
    assert found is not None
    return found


def of_stock(
    redis: Redis, worker: Worker, function: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Return the picture after a stock worker has run the one waiting job, then empty Redis."""
    monkeypatch.setattr(diagnostics, "ping", function)
    worker.log_result_lifespan = False
    SimpleWorker.execute_job(worker, *pop(worker))  # type: ignore[arg-type]
    after = picture(redis)
    redis.flushall()
    return after


def of_ours(app: Flask, redis: Redis, **how: Any) -> Any:
    """Return the picture after our worker has been told how the one waiting job ended."""
    line = Line(app, redis)
    (taken,) = line.take()
    line.end(taken, **how)
    line.take(0)
    after = picture(redis)
    line.close()
    return after


@pytest.mark.parametrize("ttl", [None, 300])
def test_a_job_under_way_looks_the_same(
    sqlite_app: Flask, real_redis: Redis, stock: Worker, ttl: int | None
) -> None:
    message(real_redis, change=lambda job: setattr(job, "ttl", ttl))
    begin(stock, *pop(stock))
    expected = picture(real_redis)
    real_redis.flushall()
    message(real_redis, change=lambda job: setattr(job, "ttl", ttl))
    line = Line(sqlite_app, real_redis)

    line.take()

    assert without_ttl_of_worker(picture(real_redis)) == without_ttl_of_worker(expected)
    line.close()


def without_ttl_of_worker(shown: dict[str, Any]) -> dict[str, Any]:
    """A stock worker that works promises 90 s, ours always 120."""
    return {**shown, "rq:worker:w1": shown["rq:worker:w1"][0]}


CHANGES: dict[str, Change] = {
    "an ordinary job": lambda job: None,
    "a result that is not kept": lambda job: setattr(job, "result_ttl", 0),
    "a result that is kept for ever": lambda job: setattr(job, "result_ttl", -1),
    "no lifetime given": lambda job: setattr(job, "result_ttl", None),
    "RQ's own retries": lambda job: setattr(job, "retries_left", 2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize(
    ("function", "how"),
    [
        (succeed, {"result": {"said": "x"}}),
        (fail, {"state": "failed", "why": "Traceback ...\nValueError: no"}),
    ],
)
def test_an_end_leaves_the_same(
    sqlite_app: Flask,
    real_redis: Redis,
    stock: Worker,
    monkeypatch: pytest.MonkeyPatch,
    change: Change,
    function: Callable[..., Any],
    how: dict[str, Any],
) -> None:
    message(real_redis, change=change)
    expected = of_stock(real_redis, stock, function, monkeypatch)
    message(real_redis, change=change)

    assert without_ttl_of_worker(of_ours(sqlite_app, real_redis, **how)) == without_ttl_of_worker(expected)


def test_a_job_that_returns_nothing_leaves_the_same(
    sqlite_app: Flask, real_redis: Redis, stock: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    message(real_redis)
    expected = of_stock(real_redis, stock, say_nothing, monkeypatch)
    message(real_redis)

    assert without_ttl_of_worker(of_ours(sqlite_app, real_redis)) == without_ttl_of_worker(expected)


def test_a_job_that_returns_a_retry_leaves_the_same(
    sqlite_app: Flask, real_redis: Redis, stock: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    message(real_redis)
    expected = of_stock(real_redis, stock, ask_for_another_try, monkeypatch)
    message(real_redis)

    ours = of_ours(sqlite_app, real_redis, result=Retry(max=2))

    assert without_ttl_of_worker(ours) == without_ttl_of_worker(expected)


@pytest.mark.parametrize(
    ("function", "how"),
    [(succeed, {"result": {"said": "x"}}), (fail, {"state": "failed", "why": "ValueError: no"})],
)
def test_dependents_go_on_in_the_same_way(
    sqlite_app: Flask,
    real_redis: Redis,
    stock: Worker,
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[..., Any],
    how: dict[str, Any],
) -> None:
    def two_jobs() -> None:
        first = message(real_redis)
        queue = Queue("default", connection=real_redis, serializer=JSONSerializer)
        queue.enqueue("jobs.diagnostics.ping", depends_on=first, job_id="run-2")

    two_jobs()
    expected = of_stock(real_redis, stock, function, monkeypatch)
    two_jobs()

    assert without_ttl_of_worker(of_ours(sqlite_app, real_redis, **how)) == without_ttl_of_worker(expected)


@pytest.mark.parametrize(
    ("kind", "function", "how"),
    [
        ("success", succeed, {"result": {"said": "x"}}),
        ("failure", fail, {"state": "failed", "why": "ValueError: no"}),
    ],
)
def test_a_callback_is_called_and_leaves_the_same(
    sqlite_app: Flask,
    real_redis: Redis,
    stock: Worker,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    function: Callable[..., Any],
    how: dict[str, Any],
) -> None:
    called: list[tuple[object, ...]] = []
    monkeypatch.setattr(diagnostics, "after", lambda *facts: called.append(facts), raising=False)

    def with_callback(job: Job) -> None:
        setattr(job, f"_{kind}_callback_name", "jobs.diagnostics.after")
        setattr(job, f"_{kind}_callback_timeout", Callback("x").timeout)

    message(real_redis, change=with_callback)
    expected = of_stock(real_redis, stock, function, monkeypatch)
    message(real_redis, change=with_callback)

    ours = of_ours(sqlite_app, real_redis, **how)

    assert without_ttl_of_worker(ours) == without_ttl_of_worker(expected)
    assert len(called) == 2
    assert len(called[0]) == len(called[1])


def test_a_stopped_job_leaves_the_same(sqlite_app: Flask, real_redis: Redis, stock: Worker) -> None:
    message(real_redis)
    job, queue = pop(stock)
    execution = begin(stock, job, queue)
    stock._stopped_job_id, job.ended_at = job.id, job.started_at
    stock._handle_stopped_job(job, queue, execution)
    stock.set_state("idle")
    expected = picture(real_redis)
    real_redis.flushall()
    message(real_redis)

    ours = of_ours(sqlite_app, real_redis, state="cancelled", why="Stopped by anna.")

    assert without_ttl_of_worker(ours) == without_ttl_of_worker(expected)
