"""What the keeper writes down: workers live while it says so, and a database that is away keeps it from nothing."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from edupulse import clock, create_app
from edupulse.control import ledger, workers
from edupulse.control.engine import clerk as clerk_module
from edupulse.control.engine.board import Board
from edupulse.control.engine.clerk import Clerk, Death
from edupulse.control.engine.patience import TooLong, at_most
from edupulse.control.engine.roster import FixedRoster, Wish
from edupulse.control.engine.worker_process import WorkerProcess
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Worker
from edupulse.control.reap import reap
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.transaction import transaction
from tests.conftest import MakeSettings

ROSTER = FixedRoster(["default"], 1)


@pytest.fixture
def worker() -> Iterator[WorkerProcess]:
    """A worker of which only the name, the number and the board matter: it is this process."""
    token = workers.new_token()
    workers.take_name(token)
    control, other = socket.socketpair()
    worker = WorkerProcess(os.getpid(), token, Wish((), 1), Board(2), control)
    yield worker
    worker.close()
    other.close()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where somebody answers the telephone and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def begun(worker: WorkerProcess) -> str:
    workers.register("worker", ["default"])
    run = enqueue("diagnostics.ping")
    worker.board.set_deadline(0, time.monotonic() + 1000)
    assert ledger.begin(run.id, worker.name) is not None
    return run.id


def stored(run_id: str) -> JobRun:
    db.session.rollback()
    return db.session.get_one(JobRun, run_id, populate_existing=True)


def test_a_healthy_job_of_three_hours_is_never_begun_again(
    app: Flask, worker: WorkerProcess, now: datetime
) -> None:
    run_id, clerk = begun(worker), Clerk(app, ROSTER)

    settled = []
    for minutes in range(0, 180, 10):
        with clock.frozen(now + timedelta(minutes=minutes)):
            clerk.beat([worker])
        with clock.frozen(
            now + timedelta(minutes=minutes, seconds=29)
        ):  # five beats later, if none was written
            settled.append(reap(clock.now()))

    assert set(settled) == {(0, 0)}
    assert (stored(run_id).state, stored(run_id).attempts) == ("started", 1)


def test_a_beat_tells_what_a_worker_has_done_and_how_large_it_is(app: Flask, worker: WorkerProcess) -> None:
    workers.register("worker", ["default"])
    worker.board.count(7)

    Clerk(app, ROSTER).beat([worker])

    row = db.session.get_one(Worker, worker.name)
    assert (row.jobs_done, row.memory_bytes is not None) == (7, True)


def test_a_run_that_was_cancelled_long_ago_betrays_a_deaf_worker(
    app: Flask, worker: WorkerProcess, now: datetime
) -> None:
    run_id, clerk = begun(worker), Clerk(app, ROSTER)
    with transaction() as session:
        session.get_one(JobRun, run_id).cancel_requested_at = now

    with clock.frozen(now + timedelta(seconds=14)):
        early = clerk.deaf([worker])
    with clock.frozen(now + timedelta(seconds=16)):
        late = clerk.deaf([worker])

    assert (early, late) == (set(), {worker.name})


def test_a_death_that_cannot_be_written_is_kept_until_it_can(
    app: Flask, worker: WorkerProcess, now: datetime
) -> None:
    run_id, clerk = begun(worker), Clerk(app, ROSTER)

    with broken(db.engine):
        clerk.note(Death(worker.name, now, "was killed by signal 11 (SIGSEGV)", False, 3))
    kept = clerk.has_deaths
    clerk.catch_up()

    assert (kept, clerk.has_deaths) == (True, False)
    assert (stored(run_id).state, stored(run_id).deaths) == ("queued", 1)
    assert "signal 11" in (stored(run_id).error_message or "")
    row = db.session.get_one(Worker, worker.name, populate_existing=True)
    assert (row.state, row.jobs_done) == ("dead", 3)


def test_an_orderly_end_is_no_death(app: Flask, worker: WorkerProcess, now: datetime) -> None:
    workers.register("worker", ["default"])

    Clerk(app, ROSTER).note(Death(worker.name, now, "", False, 3))

    assert db.session.get_one(Worker, worker.name, populate_existing=True).state == "stopped"


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # a connection is given up half-made
@pytest.mark.parametrize("scheme", ["postgresql", "redis"])
def test_servers_that_say_nothing_do_not_hold_the_keeper_up(
    make_settings: MakeSettings,
    worker: WorkerProcess,
    silent_port: int,
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clerk_module, "LEDGER_SECONDS", 0.5)
    monkeypatch.setattr(clerk_module, "REDIS_SECONDS", 0.5)
    name = {"postgresql": "DATABASE_URL", "redis": "REDIS_URL"}[scheme]
    app = create_app(make_settings(**{name: f"{scheme}://somebody@127.0.0.1:{silent_port}/0"}))

    with app.app_context(), at_most(10):  # the connection itself would wait far longer
        Clerk(app, ROSTER).beat([worker])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the same
def test_a_database_that_says_nothing_at_the_start_is_named(
    make_settings: MakeSettings, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clerk_module, "START_SECONDS", 0.5)
    app = create_app(make_settings(DATABASE_URL=f"postgresql://somebody@127.0.0.1:{silent_port}/0"))

    with app.app_context(), pytest.raises(Unavailable, match="does not answer"):
        Clerk(app, ROSTER).arrive()


def test_a_limit_in_time_ends_a_wait_and_then_leaves_no_trace() -> None:
    with pytest.raises(TooLong), at_most(0.05):
        time.sleep(10)

    with at_most(0.05):
        pass
    time.sleep(0.1)


@contextmanager
def broken(engine: Engine) -> Iterator[None]:
    """Let the database refuse every statement while the block runs."""
    db.session.rollback()
    event.listen(engine, "before_cursor_execute", _refuse)
    yield
    event.remove(engine, "before_cursor_execute", _refuse)


def _refuse(*_: object) -> None:
    raise Unavailable("The database is away.")
