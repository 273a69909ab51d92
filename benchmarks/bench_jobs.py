"""EduPulse under the harness: a catalog of three small jobs; `python -m benchmarks.bench_jobs PROCESSES` works."""

from __future__ import annotations

import os
import sys
import time
from functools import cache

from flask import Flask

from benchmarks.drive import NAP_SECONDS
from benchmarks.marks import mark
from edupulse import create_app
from edupulse.config import current_settings, load_settings
from edupulse.control.catalog import JobSpec
from edupulse.control.enqueue import enqueue, enqueue_many
from edupulse.control.worker import run
from edupulse.database import db
from edupulse.logs import configure_logging

QUEUE = "default"


def noop() -> None:
    mark()


def nap() -> None:
    mark()
    time.sleep(NAP_SECONDS)


def stamp(number: int) -> None:
    mark(number)


CATALOG = (
    JobSpec("bench.noop", noop, QUEUE, "Do nothing."),
    JobSpec("bench.nap", nap, QUEUE, "Sleep, as a job does that waits for a server."),
    JobSpec("bench.stamp", stamp, QUEUE, "Note when it began."),
)


@cache
def make_app() -> Flask:
    """Return an application on the servers of the harness, with its ledger on either database."""
    folder = os.environ["BENCH_FOLDER"]
    given = {
        "EDUPULSE_DATA_DIR": folder,
        "REDIS_URL": f"unix://{os.environ['BENCH_REDIS_SOCKET']}",
        "SECRET_KEY": "for-this-run-only",
        "WORKER_THREADS": os.environ.get("WORKER_THREADS", "4"),
    }
    if os.environ.get("BENCH_DATABASE") == "PostgreSQL":
        given["DATABASE_URL"] = os.environ["BENCH_POSTGRES_URL"]
    return create_app(load_settings(given), catalog=CATALOG)


def prepare() -> None:
    """Make the tables."""
    with make_app().app_context():
        db.create_all()


def fill(job: str, count: int) -> None:
    """Accept all in one call: a row each, then a message each."""
    with make_app().app_context():
        enqueue_many(f"bench.{job}", [{} for _ in range(count)])


def send(number: int) -> None:
    """Accept one, as a web request does."""
    with make_app().app_context():
        enqueue("bench.stamp", number=number)


def work(processes: int) -> int:
    """Work until told to end; return the exit code."""
    app = make_app()
    with app.app_context():
        configure_logging(current_settings())
        return run(app, [QUEUE], processes=processes)


if __name__ == "__main__":
    raise SystemExit(work(int(sys.argv[1])))
