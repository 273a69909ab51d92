"""What stands in the queues: how many runs wait in each, since when, who listens to it, and what holds it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from edupulse import clock
from edupulse.control import pauses
from edupulse.control.catalog import QUEUES
from edupulse.control.models import OPEN_ROWS, JobRun, Pause
from edupulse.control.parts import needed_queues
from edupulse.control.workers import live_processes
from edupulse.database import db


@dataclass(frozen=True)
class QueueLoad:
    """What stands in one queue, since when, and who listens to it."""

    name: str
    waiting: int
    oldest: datetime | None
    running: int
    workers: int
    pause: Pause | None = None  # what holds it, if anything does


@dataclass(frozen=True)
class Backlog:
    """How many runs wait for a worker, and since when the oldest of them."""

    count: int
    since: datetime | None


def backlog(now: datetime | None = None) -> Backlog:
    """Return what waits for a worker; what is paused waits for a person."""
    waiting = select(func.count(), func.min(JobRun.available_at)).where(OPEN_ROWS, JobRun.state == "queued")
    return Backlog(*db.session.execute(waiting.where(*not_held(now or clock.now()))).one())


def queue_loads(now: datetime) -> list[QueueLoad]:
    """Return each queue that is used, in the order of the catalog's queues."""
    waiting = _open_by_queue("queued")
    running = _open_by_queue("started")
    listening = [queue for worker in live_processes(now) for queue in worker.queues]
    held = {pause.name: pause for pause in pauses.holding(now) if pause.scope == "queue"}
    names = {*needed_queues(), *waiting, *running, *held}
    return [
        QueueLoad(
            name=name,
            waiting=waiting.get(name, (0, None))[0],
            oldest=waiting.get(name, (0, None))[1],
            running=running.get(name, (0, None))[0],
            workers=listening.count(name),
            pause=held.get(name),
        )
        for name in sorted(
            names, key=lambda name: (QUEUES.index(name) if name in QUEUES else len(QUEUES), name)
        )
    ]


def not_held(now: datetime) -> list[ColumnElement[bool]]:
    """Return the condition that leaves out what is paused; none while nothing is, which is nearly always."""
    return [~pauses.is_held(now)] if pauses.holding(now) else []


def _open_by_queue(state: str) -> dict[str, tuple[int, datetime | None]]:
    counted = select(JobRun.queue, func.count(), func.min(JobRun.available_at)).where(
        OPEN_ROWS, JobRun.state == state
    )
    return {
        queue: (count, oldest) for queue, count, oldest in db.session.execute(counted.group_by(JobRun.queue))
    }
