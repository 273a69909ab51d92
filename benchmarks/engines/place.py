"""A Redis, and where it can be a PostgreSQL, of our own in a folder that goes away: empty for every measurement."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from redis import Redis

from edupulse.embedded import redis_server

POSTGRES_FOLDERS = Path("/usr/lib/postgresql")  # where Debian and Ubuntu keep each version's programs
START_SECONDS = 20.0


@dataclass(frozen=True)
class Place:
    """Where engines keep their jobs. Redis keeps an append-only file, for all of them alike."""

    folder: Path
    postgres_url: str  # empty: there is no PostgreSQL here

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    @property
    def marks(self) -> Path:
        return self.folder / "marks"

    @property
    def sent(self) -> Path:
        return self.folder / "sent"

    @property
    def redis(self) -> Redis:
        return Redis(unix_socket_path=str(self.socket))

    def clear(self) -> None:
        """Forget all jobs and marks."""
        self.redis.flushall()
        for path in (self.marks, self.sent, *self.folder.glob("edupulse.db*")):
            path.unlink(missing_ok=True)
        if self.postgres_url:
            with psycopg.connect(self.postgres_url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


@contextmanager
def place() -> Iterator[Place]:
    """Start the servers, and end them with all that is theirs."""
    folder = Path(tempfile.mkdtemp(prefix="edu-bench-"))
    folder.chmod(0o711)  # the servant of PostgreSQL passes through
    with _removed(folder), _redis(folder), _postgres(folder) as postgres_url:
        yield Place(folder, postgres_url)


@contextmanager
def _removed(folder: Path) -> Iterator[None]:
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _redis(folder: Path) -> Iterator[None]:
    socket = folder / "redis.sock"
    with _running(redis_server.command(socket, folder), lambda: redis_server.is_answering(socket)):
        yield


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Yield the URL of a cluster with its default settings; nothing where PostgreSQL is not installed."""
    programs = max(POSTGRES_FOLDERS.glob("*/bin/postgres"), default=None)
    if programs is None:
        yield ""
        return
    data, servant = folder / "postgres", _servant()
    data.mkdir()
    if servant:
        shutil.chown(data, "postgres")
    initdb = (*servant, str(programs.with_name("initdb")), "-D", str(data), "-U", "bench", "-A", "trust")
    subprocess.run(initdb, check=True, capture_output=True)
    command = (*servant, str(programs), "-D", str(data), "-k", str(data), "-c", "listen_addresses=")
    url = f"postgresql://bench@/postgres?host={data}"
    with _running(command, lambda: _takes_connections(url)):
        yield url


def _servant() -> tuple[str, ...]:
    # PostgreSQL refuses to be run by root.
    return ("setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups") if os.getuid() == 0 else ()


def _takes_connections(url: str) -> bool:
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


@contextmanager
def _running(command: tuple[str, ...], is_ready: Callable[[], bool]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{command[0]} did not come up")
            time.sleep(0.02)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its clients after SIGTERM
        process.wait()
