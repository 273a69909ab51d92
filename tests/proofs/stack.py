"""A whole EduPulse of real processes on a folder of its own, whose members a proof may kill at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import TracebackType

from flask import Flask

from edupulse import create_app
from edupulse.config import Settings, load_settings
from edupulse.database import db
from edupulse.embedded import redis_server
from jobs.catalog import CATALOG

PROJECT = Path(__file__).parent.parent.parent
PYTHON = sys.executable


class Stack:
    """Redis, an SMTP double, workers and a scheduler; what dies is started again, as systemd would."""

    def __init__(self, *, workers: int = 2, database_url: str = "", smtp_delay_ms: int = 0) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edu-proof-"))
        self.copies_file = self.folder / "copies.jsonl"
        self.smtp_delay_ms = smtp_delay_ms
        self.database_url = database_url
        self.names = ["redis", "smtp", "scheduler", *(f"worker-{number}" for number in range(workers))]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.kills: Counter[str] = Counter()
        self.smtp_port = 0

    def __enter__(self) -> Stack:
        try:
            self._start_double()
            self._start("redis")
            _wait_for(lambda: redis_server.is_answering(self.folder / "redis.sock"), "redis-server")
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
        """Start the scheduler and the workers."""
        for name in self.names[2:]:
            self._start(name)

    def kill(self, name: str) -> None:
        """SIGKILL one process and start it again at once."""
        process = self.processes[name]
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills[name.split("-")[0]] += 1
        self._start(name)

    def kill_one_at_random(self, chance: random.Random) -> str:
        """SIGKILL a worker, the scheduler or Redis, workers most often; return which."""
        workers = [name for name in self.names if name.startswith("worker")]
        name = chance.choice([*workers, *workers, *workers, "scheduler", "redis"])
        self.kill(name)
        return name

    def revive(self) -> None:
        """Start again what ended by itself."""
        for name in self.names:
            if name in self.processes and self.processes[name].poll() is not None:
                self._start(name)

    def copies(self) -> Counter[str]:
        """Return how often each address was accepted by the SMTP double."""
        lines = self.copies_file.read_text().splitlines() if self.copies_file.exists() else []
        return Counter(json.loads(line)["rcpt"] for line in lines)

    def arrivals(self) -> dict[str, float]:
        """Return when each address was last accepted, as seconds since 1970."""
        lines = self.copies_file.read_text().splitlines() if self.copies_file.exists() else []
        return {entry["rcpt"]: float(entry["time"]) for entry in map(json.loads, lines)}

    def settings(self) -> Settings:
        return load_settings(self._environment())

    def _environment(self) -> dict[str, str]:
        values = {
            "EDUPULSE_DATA_DIR": str(self.folder),
            "SECRET_KEY": "proof-" * 8,
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": str(self.smtp_port or 1),
            "SMTP_SECURITY": "none",
            "DEFAULT_FROM_EMAIL": "office@school.example",
            "LOG_LEVEL": "warning",
            "TZ": "UTC",
        }
        return {**values, "DATABASE_URL": self.database_url} if self.database_url else values

    def _make_app(self) -> Flask:
        app = create_app(self.settings(), catalog=CATALOG)
        with app.app_context():
            db.drop_all()
            db.create_all()
            db.session.remove()
        return app

    def _command(self, name: str) -> list[str]:
        if name == "redis":
            return list(redis_server.command(self.folder / "redis.sock", self.folder))
        if name == "smtp":
            double = [PYTHON, "-m", "tests.doubles.smtp_double", "--port", str(self.smtp_port)]
            return [*double, "--log", str(self.copies_file), "--delay-ms", str(self.smtp_delay_ms)]
        return [PYTHON, "cli.py", name.split("-")[0]]

    def _start(self, name: str) -> None:
        environment = {**os.environ, **self._environment()}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._command(name), cwd=PROJECT, env=environment, stdout=log, stderr=log
            )

    def _start_double(self) -> None:
        self._start("smtp")
        port_line = self.folder / "smtp.log"
        _wait_for(lambda: port_line.exists() and port_line.read_text().strip() != "", "the SMTP double")
        self.smtp_port = int(json.loads(port_line.read_text().splitlines()[0])["port"])

    def _end(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        if hasattr(self, "app"):
            with self.app.app_context():
                db.session.remove()
                db.engine.dispose()
        shutil.rmtree(self.folder, ignore_errors=True)


def _wait_for(ready: object, what: str) -> None:
    for _ in range(500):
        if callable(ready) and ready():
            return
        time.sleep(0.02)
    raise RuntimeError(f"{what} did not come up")
