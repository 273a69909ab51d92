"""Real servers for tests, started on demand, each in a folder of its own, and what to do without them."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import make_url

from edupulse.embedded import redis_server

REQUIRED = os.environ.get("CI") == "true" or os.environ.get("REQUIRE_SERVERS") == "true"


def missing(what: str) -> None:
    """Skip on a laptop, fail where every server is required."""
    if REQUIRED:
        pytest.fail(f"{what} is required here and missing")
    pytest.skip(f"{what} is missing")


def own_postgres_database(purpose: str = "suite") -> str:
    """Return the URL of an empty database of this run's own, beside the one in TEST_POSTGRES_URL."""
    url = os.environ.get("TEST_POSTGRES_URL")
    if not url:
        missing("PostgreSQL (TEST_POSTGRES_URL)")
        raise AssertionError
    name = f"edupulse_test_{purpose}_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    atexit.register(_drop_database, url, name)
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _drop_database(url: str, name: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for last in (False, False, False, True):
            try:
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                return
            except (
                psycopg.errors.InsufficientPrivilege
            ):  # the server's own vacuum is in it: it ends by itself
                if last:
                    raise
                time.sleep(1)


class RedisProcess:
    """A redis-server on a Unix socket, append-only, that a test may stop, kill and start again."""

    def __init__(self) -> None:
        # A socket path may have 107 bytes, so it cannot live below pytest's long folders.
        self.folder = Path(tempfile.mkdtemp(prefix="edu-redis-"))
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> RedisProcess:
        command = redis_server.command(self.socket, self.folder)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait_until_ready()
        return self

    def stop(self, *, kill: bool = False) -> None:
        if self.process is None:
            return
        self.process.kill() if kill else self.process.terminate()
        self.process.wait(timeout=20)
        self.process = None

    def remove(self) -> None:
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_until_ready(self) -> None:
        for _ in range(400):
            try:
                Redis.from_url(self.url).ping()
                return
            except RedisError:
                time.sleep(0.02)
        raise RuntimeError("redis-server did not answer")
