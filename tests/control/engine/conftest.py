"""What the tests of the keeper share: a database of their own, a real Redis, and a real keeper on both."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from redis import Redis

from edupulse import create_app
from edupulse.config import load_settings
from edupulse.control import ledger
from edupulse.control.enqueue import enqueue
from edupulse.control.models import FINAL_STATES, JobRun, Worker
from edupulse.database import db
from tests.control.engine.bad_jobs import CATALOG
from tests.servers import RedisProcess


@dataclass
class Shop:
    """A keeper with its workers, and the ledger that they share with the test."""

    app: Flask
    environment: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def open(self, workers: int = 1, **settings: str) -> subprocess.Popen[bytes]:
        """Start a keeper and wait until its workers have said that they live."""
        process = self.start(workers, **settings)
        self.wait(lambda: len(self.at_work()) == workers, "the workers", process)
        return process

    def open_pools(self, **settings: str) -> None:
        """Start a keeper of all pools and wait for the workers of the main one."""
        process = self.start_pools(**settings)
        wanted = int(settings["EDUPULSE_WORKERS"])
        self.wait(lambda: sum(each.kind == "worker" for each in self.at_work()) == wanted, "workers", process)

    def start_pools(self, pool: str = "all", **settings: str) -> subprocess.Popen[bytes]:
        return self._start(pool, settings)

    def start(self, workers: int = 1, **settings: str) -> subprocess.Popen[bytes]:
        return self._start(str(workers), settings)

    def _start(self, what: str, settings: dict[str, str]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self.environment, **settings}
        command = [sys.executable, "-m", "tests.control.engine.bad_jobs", what]
        with Path(self.environment["EDUPULSE_DATA_DIR"], "keeper.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, stderr=log)
        self.processes.append(process)
        return process

    def enqueue(self, name: str, **arguments: Any) -> str:
        return enqueue(f"bad.{name}", **arguments).id

    def run(self, run_id: str) -> JobRun:
        db.session.rollback()
        return db.session.get_one(JobRun, run_id, populate_existing=True)

    def ended(self, run_id: str, *, states: tuple[str, ...] = FINAL_STATES) -> JobRun:
        """Return the run once it is over; what shall be tried again later is tried at once."""
        self.wait(lambda: self._has_ended(run_id, states), run_id)
        return self.run(run_id)

    def started(self, run_id: str) -> JobRun:
        return self.ended(run_id, states=("started",))

    def at_work(self) -> list[Worker]:
        db.session.rollback()
        return db.session.query(Worker).filter_by(state="running").all()

    def worker(self, name: str | None) -> Worker:
        db.session.rollback()
        return db.session.get_one(Worker, name, populate_existing=True)

    def wait(
        self, fact: Callable[[], object], what: str, process: subprocess.Popen[bytes] | None = None
    ) -> None:
        for _ in range(1000):
            if fact():
                return
            assert process is None or process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(f"waited too long for {what}\n{self.log()}")

    def log(self) -> str:
        return Path(self.environment["EDUPULSE_DATA_DIR"], "keeper.log").read_text()

    def close(self) -> None:
        for process in self.processes:
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.kill()
            process.wait()
            psutil.wait_procs(family, timeout=10)

    def _has_ended(self, run_id: str, states: tuple[str, ...]) -> bool:
        run = self.run(run_id)
        if run.state == "deferred":
            ledger.release_due(run.available_at)
        return run.state in states


@pytest.fixture(scope="module")
def own_redis() -> Iterator[RedisProcess]:
    process = RedisProcess().start()
    yield process
    process.remove()


@pytest.fixture
def shop(own_redis: RedisProcess, tmp_path: Path) -> Iterator[Shop]:
    """A place to start keepers in; all is ended afterwards."""
    with _shop(own_redis, tmp_path) as shop:
        yield shop


@pytest.fixture(scope="module")
def open_shop(own_redis: RedisProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One keeper with two workers for all tests of a module."""
    with _shop(own_redis, tmp_path_factory.mktemp("shop")) as shop:
        shop.open(workers=2)
        yield shop


@contextmanager
def _shop(redis: RedisProcess, folder: Path) -> Iterator[Shop]:
    Redis.from_url(redis.url).flushall()
    environment = {
        "EDUPULSE_DATA_DIR": str(folder),
        "REDIS_URL": redis.url,
        "SECRET_KEY": "test-secret-key-not-for-production",
        "WORKER_THREADS": "3",
    }
    app = create_app(load_settings(environment), catalog=CATALOG, serving=False)
    with app.app_context():
        db.create_all()
        shop = Shop(app, environment)
        try:
            yield shop
        finally:
            shop.close()
            db.session.remove()
            db.engine.dispose()
