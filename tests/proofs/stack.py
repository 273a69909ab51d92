"""A whole EduPulse of real processes on a folder of its own, whose members a proof may strike at any moment."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil
from flask import Flask
from redis import Redis
from redis.exceptions import RedisError

from edupulse import create_app
from edupulse.config import Settings, load_settings
from edupulse.database import db
from edupulse.embedded import redis_server
from jobs.catalog import CATALOG
from tests.proofs import entry
from tests.proofs.members import Members

PROJECT = Path(__file__).parent.parent.parent
SAID = re.compile(r"^\S+Z (warning|error|critical) +(\S+): ((?:[^\s=]+ ?)+)(?= |$)", re.MULTILINE)
END_SECONDS = 60  # longer than any grace that a proof gives


class Stack:
    """Redis, an SMTP double, keepers with their workers, a scheduler; what dies is started again, as systemd would.

    `worker-0`, `worker-1` ... are the keepers: main processes, with `processes` workers below each. With
    `own_jobs` the processes know the jobs of the proofs as well. `redis_url` names a Redis that runs elsewhere.
    Without `smtp_delay_ms` there is no SMTP double. `brisk`: what is dead or lost is found in seconds.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        processes: int = 1,
        database_url: str = "",
        redis_url: str = "",
        smtp_delay_ms: int | None = 0,
        own_jobs: bool = False,
        brisk: bool = False,
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edu-proof-"))
        self.keepers = [f"worker-{number}" for number in range(workers)]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.strikes: Counter[str] = Counter()
        self.ended_alone: list[str] = []
        self.own_jobs = own_jobs or brisk
        module = ("tests.proofs.brisk" if brisk else "tests.proofs.entry") if self.own_jobs else ""
        self.members = Members(self.folder, database_url, redis_url, module, processes, smtp_delay_ms)

    def __enter__(self) -> Stack:
        try:
            if self.members.smtp_delay_ms is not None:
                self._start_double()
            if not self.members.redis_url:
                self.start("redis")
                wait_for(self.redis_answers, "redis-server")
            self.app = self._make_app()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def start_work(self) -> None:
        """Start the scheduler and the keepers."""
        for name in ("scheduler", *self.keepers):
            self.start(name)

    def start(self, name: str) -> None:
        """Start one process; what it says is added to its log."""
        environment = {**os.environ, **self.members.environment()}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.members.command(name), cwd=PROJECT, env=environment, stdout=log, stderr=log
            )

    def stop(self, name: str, how: signal.Signals = signal.SIGTERM) -> float:
        """End one process and leave it; return how many seconds it took."""
        begun, process = time.monotonic(), self.processes.pop(name)
        process.send_signal(how)
        process.wait(timeout=END_SECONDS)
        self.strikes[f"{how.name} {name.split('-')[0].replace('worker', 'keeper')}"] += 1
        return time.monotonic() - begun

    def restart(self, name: str, how: signal.Signals = signal.SIGTERM) -> float:
        """End one process and start it again at once; return how many seconds its end took."""
        took = self.stop(name, how)
        self.start(name)
        return took

    def children(self, name: str) -> list[int]:
        """Return the process ids of the workers, and of the jobs, below a keeper."""
        process = self.processes[name]
        if process.poll() is not None:
            return []
        return [child.pid for child in psutil.Process(process.pid).children()]

    def strike_at_random(self, chance: random.Random, how: signal.Signals = signal.SIGKILL) -> None:
        """Hit a worker, a keeper, the scheduler or Redis; workers most often. What was hit comes back."""
        name = chance.choice([*("worker",) * 5, *("keeper",) * 3, "scheduler", "redis"])
        if name == "worker":
            self._strike_worker(chance, how)
        else:
            self.restart(chance.choice(self.keepers) if name == "keeper" else name, how)

    def revive(self) -> None:
        """Start again what ended by itself; it is remembered."""
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.ended_alone.append(f"{name} ({process.returncode})")
                self.start(name)

    def redis(self) -> Redis:
        """Return a connection of the proof's own."""
        return Redis(unix_socket_path=str(self.folder / "redis.sock"), socket_timeout=10)

    def redis_answers(self) -> bool:
        return redis_server.is_answering(self.folder / "redis.sock")

    def flush(self) -> None:
        """Empty Redis, as soon as there is one."""
        connection = self.redis()
        wait_for(lambda: _flushed(connection), "FLUSHALL")
        connection.close()
        self.strikes["FLUSHALL"] += 1

    def logs(self) -> str:
        """Return what the scheduler and the keepers have said."""
        names = ("scheduler", *self.keepers)
        return "".join(path.read_text() for name in names if (path := self.folder / f"{name}.log").exists())

    def said(self) -> Counter[str]:
        """Count the warnings and errors in the logs by logger and message, without the facts that differ."""
        return Counter(" ".join(found.groups()) for found in SAID.finditer(self.logs()))

    def keep_logs(self, place: str) -> None:
        """Copy the logs to the folder `place`, before all is removed."""
        Path(place).mkdir(parents=True, exist_ok=True)
        for path in self.folder.glob("*.log"):
            shutil.copy(path, place)

    def copies(self) -> Counter[str]:
        """Return how often each address was accepted by the SMTP double."""
        return Counter(entry["rcpt"] for entry in self._accepted())

    def arrivals(self) -> dict[str, float]:
        """Return when each address was last accepted, as seconds since 1970."""
        return {entry["rcpt"]: float(entry["time"]) for entry in self._accepted()}

    @property
    def smtp_port(self) -> int:
        return self.members.smtp_port

    def settings(self) -> Settings:
        return load_settings(self.members.environment())

    def _strike_worker(self, chance: random.Random, how: signal.Signals) -> None:
        wait_for(self._below, "a worker to strike", END_SECONDS)  # all of them may be only starting
        try:
            os.kill(chance.choice(self._below()), how)
        except (ProcessLookupError, IndexError):  # it ended by itself meanwhile
            self._strike_worker(chance, how)
            return
        self.strikes[f"{how.name} worker"] += 1

    def _below(self) -> list[int]:
        self.revive()
        return [pid for name in self.keepers for pid in self.children(name)]

    def _accepted(self) -> list[dict[str, Any]]:
        file = self.members.copies_file
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def _make_app(self) -> Flask:
        app = create_app(self.settings(), catalog=(*CATALOG, *(entry.JOBS if self.own_jobs else ())))
        with app.app_context():
            for tables in (entry.tables, db.metadata):
                tables.drop_all(db.engine)
                tables.create_all(db.engine)
            db.session.remove()
        return app

    def _start_double(self) -> None:
        self.start("smtp")
        port_line = self.folder / "smtp.log"
        wait_for(lambda: port_line.exists() and port_line.read_text().strip() != "", "the SMTP double")
        self.members.smtp_port = int(json.loads(port_line.read_text().splitlines()[0])["port"])

    def _end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        if hasattr(self, "app"):
            with self.app.app_context():
                db.session.remove()
                db.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(holds: Callable[[], object], what: str, seconds: float = 20) -> float:
    """Wait until `holds`; return how many seconds it took."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(0.02)
    return time.monotonic() - begun


def _flushed(connection: Redis) -> bool:
    try:
        return bool(connection.flushall())
    except RedisError:
        return False
