"""Who is at work: each process tells the database every few seconds that it lives."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
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
_process_name, _named_process = "", 0


def current_worker_name() -> str:
    """Return the name under which this process acts; new for each start, so no ghost shares it."""
    if _named_process != os.getpid():
        take_name(new_token())
    return _process_name


def new_token() -> str:
    """Return what tells one start of a process from another with the same number."""
    return secrets.token_hex(3)


def name_of(token: str, pid: int) -> str:
    """Return the name of the process `pid` of this host that was started with `token`."""
    return f"{socket.gethostname()}-{token}-{pid}"


def take_name(token: str) -> None:
    """Let this process act under the name that `token` gives it."""
    act_as(name_of(token, os.getpid()))


def act_as(name: str) -> None:
    """Let this process act under the name of the one that it works for."""
    global _process_name, _named_process
    _process_name, _named_process = name, os.getpid()


@contextmanager
def present(
    kind: str, queues: Sequence[str] = (), *, threads: int = 1, done: Callable[[], Mapping[str, int]] = dict
) -> Iterator[str]:
    """Register this process as alive while the block runs; beat from a thread; say goodbye at the end.

    `done` is asked what it has done so far: `jobs_done`, `jobs_failed`.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    name, stop = current_worker_name(), threading.Event()
    register(kind, queues, threads=threads)
    thread = threading.Thread(
        target=_keep_beating, args=(app, name, stop, done), name="heartbeat", daemon=True
    )
    thread.start()
    try:
        yield name
    finally:
        stop.set()
        thread.join(timeout=BEAT_SECONDS)
        leave(name, "stopped", **done())


def register(kind: str, queues: Sequence[str] = (), *, threads: int = 1, pool: str | None = None) -> str:
    """Write down that this process lives; return its name. Somebody must beat for it from now on."""
    name, moment = current_worker_name(), now()
    row = Worker(
        name=name,
        kind=kind,
        host=socket.gethostname(),
        pid=os.getpid(),
        queues=list(queues),
        threads=threads,
        pool=pool,
        state="running",
        version=VERSION,
        started_at=moment,
        heartbeat_at=moment,
    )
    with transaction() as session:
        session.merge(row)
    return name


def beat(name: str, pid: int | None = None, **facts: object) -> None:
    """Say that `name` (the process `pid`, by default this one) lives; one that was taken for dead stands up again."""
    with contextlib.suppress(psutil.NoSuchProcess):
        facts["memory_bytes"] = psutil.Process(pid).memory_info().rss
    _write(name, state="running", heartbeat_at=now(), **facts)


def leave(name: str, state: str = "stopped", **facts: int) -> None:
    """Write down that `name` is gone: stopped as it was told, or dead."""
    _write(name, state=state, heartbeat_at=now(), **facts)


def note_tick(name: str) -> None:
    """Record that the scheduler `name` completed a round."""
    _write(name, last_tick_at=now())


def alive_workers(moment: datetime) -> set[str]:
    """Return the names of the processes whose heartbeat is fresh."""
    return set(
        db.session.scalars(
            select(Worker.name).where(Worker.state == "running", Worker.heartbeat_at > moment - DEAD_AFTER)
        )
    )


def live_processes(moment: datetime) -> list[Worker]:
    """Return the processes whose heartbeat is fresh, by kind and name."""
    fresh = select(Worker).where(Worker.state == "running", Worker.heartbeat_at > moment - DEAD_AFTER)
    return list(db.session.scalars(fresh.order_by(Worker.kind, Worker.name)))


def slots(moment: datetime, queue: str) -> list[int]:
    """Return how many jobs of `queue` each worker process that is alive can work on at once."""
    alive = select(Worker.queues, Worker.threads).where(
        Worker.kind == "worker", Worker.state == "running", Worker.heartbeat_at > moment - DEAD_AFTER
    )
    return [row.threads for row in db.session.execute(alive) if queue in row.queues]


def mark_dead(moment: datetime) -> list[str]:
    """Mark those whose heartbeat is too old; return their names."""
    silent = select(Worker.name).where(Worker.state == "running", Worker.heartbeat_at <= moment - DEAD_AFTER)
    with transaction() as session:
        names = list(session.scalars(silent))
        session.execute(update(Worker).where(Worker.name.in_(names)).values(state="dead"))
    return names


def _keep_beating(
    app: Flask, name: str, stop: threading.Event, done: Callable[[], Mapping[str, int]]
) -> None:
    while not stop.wait(BEAT_SECONDS):
        with app.app_context():
            try:
                beat(name, **done())
            except (SQLAlchemyError, Unavailable) as error:
                log.warning("heartbeat not written", worker=name, reason=type(error).__name__)


def _write(name: str, **values: object) -> None:
    # Lost in a power cut, it is written anew with the next beat.
    with transaction(durable=False) as session:
        session.execute(update(Worker).where(Worker.name == name).values(**values))
