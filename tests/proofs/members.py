"""How each process of a stack is started: its command line and its environment."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from edupulse.embedded import redis_server

PYTHON = sys.executable


@dataclass
class Members:
    """`module` starts a worker or a scheduler that knows the jobs of the proofs; without it, it is `cli.py`."""

    folder: Path
    database_url: str
    redis_url: str
    module: str
    workers_per_keeper: int
    smtp_delay_ms: int | None
    smtp_port: int = 0  # as soon as the double has one

    def environment(self) -> dict[str, str]:
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
        chosen = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
        return {**values, **{name: value for name, value in chosen.items() if value}}

    def command(self, name: str) -> list[str]:
        """Return the command line of `redis`, `smtp`, `scheduler` or `worker-<number>`."""
        kind = name.split("-")[0]
        if kind == "redis":
            return list(redis_server.command(self.folder / "redis.sock", self.folder))
        if kind == "smtp":
            double = [PYTHON, "-m", "tests.doubles.smtp_double", "--port", str(self.smtp_port)]
            return [*double, "--log", str(self.copies_file), "--delay-ms", str(self.smtp_delay_ms)]
        program = ["-m", self.module] if self.module else ["cli.py"]
        several = kind == "worker" and self.workers_per_keeper > 1
        return [PYTHON, *program, kind, *(["--processes", str(self.workers_per_keeper)] if several else [])]

    @property
    def copies_file(self) -> Path:
        """Where the SMTP double writes down what it accepts."""
        return self.folder / "copies.jsonl"
