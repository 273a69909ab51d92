"""A thousand mailboxes in which nothing is new, polled once each by one worker process like any other."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import func, select, update

from benchmarks.engines.environment import PROJECT
from benchmarks.engines.place import Place
from benchmarks.office import add, application, environment
from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox
from edupulse.transaction import transaction
from tests.mailboxes.dovecot import Dovecot

MAILBOXES = 1_000
WARM_UP = 20  # mailboxes polled before: the worker is at work
LIMIT_SECONDS = 90.0
END_SECONDS = 30.0


def seconds(place: Place, server: Dovecot, port: int) -> float:
    """Return how long it takes from the order to the last mailbox's success."""
    folder = place.folder / "idle"
    app = application(folder)
    with app.app_context():
        ids = [add(f"idle{number}", server.add_user(f"idle{number}"), port) for number in range(MAILBOXES)]
        with _worker(folder):
            _poll(ids[:WARM_UP])
            started = time.perf_counter()
            _poll(ids)
            taken = time.perf_counter() - started
        failed = db.session.scalar(select(func.count()).select_from(Mailbox).where(Mailbox.failures > 0))
        if failed:
            raise RuntimeError(f"{failed} polls failed")
        db.session.remove()
    return taken


def _poll(ids: list[int]) -> None:
    with transaction() as session:
        session.execute(update(Mailbox).values(succeeded_at=None))
    runs = enqueue_many("mailboxes.poll", [{"mailbox_id": id} for id in ids])
    deadline = time.monotonic() + LIMIT_SECONDS
    while _open(runs):
        if time.monotonic() > deadline:
            raise RuntimeError("the mailboxes were not polled in time")
        time.sleep(0.05)
    done = db.session.scalar(
        select(func.count()).select_from(Mailbox).where(Mailbox.succeeded_at.is_not(None))
    )
    if done != len(ids):
        raise RuntimeError(f"{done} of {len(ids)} mailboxes were polled")


def _open(runs: list[str]) -> int:
    db.session.rollback()
    still = (JobRun.name == "mailboxes.poll", JobRun.state.in_(("queued", "started", "deferred")))
    return db.session.scalar(select(func.count()).select_from(JobRun).where(*still)) or 0


@contextmanager
def _worker(folder: Path) -> Iterator[None]:
    command = [sys.executable, "cli.py", "worker", "--processes", "1"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=PROJECT, env={**os.environ, **environment(folder)}, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=END_SECONDS)
