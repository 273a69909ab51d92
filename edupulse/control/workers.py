"""Who is at work: each process tells the database every few seconds that it lives."""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import psutil
from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from edupulse.clock import now
from edupulse.control.models import Worker
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.transaction import transaction
from edupulse.version import VERSION

BEAT_SECONDS = 5.0
DEAD_AFTER = timedelta(seconds=30)  # six beats: a busy database may swallow a few

log = get_logger(__name__)
_process_name = ""


def current_worker_name() -> str:
    """Return the name under which this process acts; new for each start, so no ghost shares it."""
    global _process_name
    if not _process_name.endswith(f"-{os.getpid()}"):
        _process_name = f"{socket.gethostname()}-{secrets.token_hex(3)}-{os.getpid()}"
    return _process_name


@contextmanager
def present(kind: str, queues: Sequence[str] = ()) -> Iterator[str]:
    """Register this process as alive while the block runs; beat from a thread; say goodbye at the end."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    name, stop = current_worker_name(), threading.Event()
    _register(name, kind, queues)
    thread = threading.Thread(target=_keep_beating, args=(app, name, stop), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield name
    finally:
        stop.set()
        thread.join(timeout=BEAT_SECONDS)
        _write(name, state="stopped", heartbeat_at=now(), current_run=None)


def beat(name: str) -> None:
    """Say that `name` lives; one that was taken for dead stands up again."""
    memory = psutil.Process().memory_info().rss
    _write(name, state="running", heartbeat_at=now(), memory_bytes=memory)


def note_tick(name: str) -> None:
    """Record that the scheduler `name` completed a round."""
    _write(name, last_tick_at=now())


def note_run(name: str, run_id: str | None, *, done: int = 0) -> None:
    """Record what `name` works on, and how many runs it has ended since."""
    _write(name, current_run=run_id, jobs_done=Worker.jobs_done + done)


def alive_workers(moment: datetime) -> set[str]:
    """Return the names of the processes whose heartbeat is fresh."""
    return set(
        db.session.scalars(
            select(Worker.name).where(Worker.state == "running", Worker.heartbeat_at > moment - DEAD_AFTER)
        )
    )


def mark_dead(moment: datetime) -> list[str]:
    """Mark those whose heartbeat is too old; return their names."""
    silent = select(Worker.name).where(Worker.state == "running", Worker.heartbeat_at <= moment - DEAD_AFTER)
    with transaction() as session:
        names = list(session.scalars(silent))
        session.execute(update(Worker).where(Worker.name.in_(names)).values(state="dead", current_run=None))
    return names


def _register(name: str, kind: str, queues: Sequence[str]) -> None:
    moment = now()
    row = Worker(
        name=name,
        kind=kind,
        host=socket.gethostname(),
        pid=os.getpid(),
        queues=list(queues),
        state="running",
        version=VERSION,
        started_at=moment,
        heartbeat_at=moment,
    )
    with transaction() as session:
        session.merge(row)


def _keep_beating(app: Flask, name: str, stop: threading.Event) -> None:
    while not stop.wait(BEAT_SECONDS):
        with app.app_context():
            try:
                beat(name)
            except (SQLAlchemyError, Unavailable) as error:
                log.warning("heartbeat not written", worker=name, reason=type(error).__name__)


def _write(name: str, **values: object) -> None:
    # Lost in a power cut, it is written anew with the next beat.
    with transaction(durable=False) as session:
        session.execute(update(Worker).where(Worker.name == name).values(**values))
