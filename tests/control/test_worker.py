"""The worker: RQ's own, bound to the ledger, deaf to what the catalog does not know."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select

from edupulse.control import worker
from edupulse.control.catalog import Catalog, JobSpec
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Worker
from edupulse.database import db
from edupulse.errors import Invalid
from jobs.recorded import recorded
from tests.conftest import MakeSettings
from tests.servers import RedisProcess

pytestmark = pytest.mark.real_redis


def work(app: Flask) -> int:
    return worker.run(app, burst=True)


def stored(run_id: str) -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True)


def use(app: Flask, monkeypatch: pytest.MonkeyPatch, function: object) -> None:
    """Put a job named diagnostics.ping in the catalog that runs `function`."""
    job = recorded(function)  # type: ignore[type-var]
    spec = JobSpec(
        "diagnostics.ping", job, "default", "A job of a test.", soft_limit_seconds=1, hard_limit_seconds=1
    )
    monkeypatch.setattr(app.extensions["edupulse"], "catalog", Catalog.of([spec]))
    monkeypatch.setattr("jobs.diagnostics.ping", job)


def test_a_job_goes_from_queue_to_result(app: Flask, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping", note="hi")

    assert work(app) == 0

    assert stored(run.id).state == "finished"
    assert stored(run.id).result["note"] == "hi"


def test_a_run_carries_the_name_of_the_worker_that_did_it(app: Flask, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping")

    work(app)

    done = stored(run.id)
    known = db.session.scalars(select(Worker)).one()
    assert done.worker == known.name
    assert (known.state, known.threads) == ("stopped", app.extensions["edupulse"].settings.worker_threads)


def test_the_same_run_twice_in_redis_is_done_once(app: Flask, real_redis: Redis) -> None:
    run = enqueue("diagnostics.ping")
    real_redis.rpush("rq:queue:default", run.id)

    work(app)

    assert stored(run.id).attempts == 1


def test_a_failing_job_looks_failed_in_the_ledger_and_in_rq(
    app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise Invalid("This can never work.")

    use(app, monkeypatch, refuse)
    run = enqueue("diagnostics.ping")

    work(app)

    assert (stored(run.id).state, stored(run.id).error_message) == ("failed", "This can never work.")
    assert Job.fetch(run.id, connection=real_redis, serializer=JSONSerializer).is_failed


def test_a_broad_except_cannot_swallow_the_time_limit(
    app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stubborn() -> str:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001 - the point
            return "swallowed"

    use(app, monkeypatch, stubborn)
    run = enqueue("diagnostics.ping")

    work(app)

    assert (stored(run.id).state, stored(run.id).error_class) == ("failed", "TimeLimitExceeded")


def test_a_job_that_exits_ends_itself_and_not_the_worker(
    app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave() -> None:
        raise SystemExit(3)

    use(app, monkeypatch, leave)
    first, second = enqueue("diagnostics.ping"), enqueue("diagnostics.ping")

    work(app)

    assert (stored(first.id).state, stored(second.id).state) == ("failed", "failed")


def test_a_function_that_is_not_in_the_catalog_is_refused(app: Flask, real_redis: Redis) -> None:
    queue = Queue("default", connection=real_redis, serializer=JSONSerializer)
    job = queue.enqueue("os.getpid")
    run = enqueue("diagnostics.ping")

    work(app)

    assert job.get_status(refresh=True) == "failed"
    assert stored(run.id).state == "finished"


def test_a_pickled_payload_is_not_read_and_harms_nothing(app: Flask, real_redis: Redis) -> None:
    hostile = b"cos\nsystem\n(S'touch /tmp/edupulse-owned'\ntR."
    fields = {
        "data": zlib.compress(hostile),
        "origin": "default",
        "created_at": "2026-01-01T00:00:00.000000Z",
    }
    real_redis.hset("rq:job:hostile", mapping=fields)
    real_redis.rpush("rq:queue:default", "hostile")
    run = enqueue("diagnostics.ping")

    work(app)

    assert stored(run.id).state == "finished"


def test_no_secret_stands_in_what_rq_keeps_of_a_failure(
    app: Flask, real_redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = app.extensions["edupulse"].settings.secret_key.reveal()

    def leak() -> None:
        raise Invalid(f"could not log in with {secret}")

    use(app, monkeypatch, leak)
    run = enqueue("diagnostics.ping")

    work(app)

    result = Job.fetch(run.id, connection=real_redis, serializer=JSONSerializer).latest_result()
    assert result is not None
    assert secret not in json.dumps(result.exc_string)


def test_an_unknown_queue_is_refused_with_the_known_ones(app: Flask) -> None:
    with pytest.raises(Invalid, match="Known: reminders, email"):
        worker.run(app, ["emails"])


def test_an_idle_worker_that_is_asked_to_end_ends_well(
    project_folder: Path, make_settings: MakeSettings
) -> None:
    settings = make_settings()
    redis = RedisProcess().start()
    environment = {
        "EDUPULSE_DATA_DIR": str(settings.data_dir),
        "REDIS_URL": redis.url,
        "PATH": os.environ["PATH"],
    }
    for command in (["db", "upgrade"], ["worker", "--burst"]):
        subprocess.run([sys.executable, "cli.py", *command], cwd=project_folder, env=environment, check=True)
    process = subprocess.Popen([sys.executable, "cli.py", "worker"], cwd=project_folder, env=environment)
    connection = Redis.from_url(redis.url)
    while not connection.smembers("rq:workers"):
        time.sleep(0.05)
    time.sleep(0.5)

    process.terminate()

    assert process.wait(timeout=20) == 0
    connection.close()
    redis.remove()
