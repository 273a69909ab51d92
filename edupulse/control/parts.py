"""Each part that jobs need: is it up or down, since when, why, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from edupulse.control.catalog import current_catalog
from edupulse.control.connection import redis_connection
from edupulse.control.models import Worker
from edupulse.control.pools.rows import all_rows
from edupulse.control.workers import live_processes
from edupulse.database import db

SILENT_AFTER = timedelta(seconds=15)  # the scheduler completes a round each second
START_WORKERS = "Start them on the page Workers, or with `python cli.py workers start --all`."
START_ALL = "Start everything with `python cli.py start`, or look at `python cli.py doctor`."


@dataclass(frozen=True)
class Service:
    """One part of the system: up, degraded or down, in a sentence, with what to do about it."""

    name: str  # database | redis | workers | scheduler | mail
    state: str  # up | degraded | down
    summary: str
    cure: str = ""
    since: datetime | None = None
    until: datetime | None = None  # when it goes on by itself, where that is known

    @property
    def is_up(self) -> bool:
        return self.state == "up"


def services(now: datetime) -> list[Service]:
    """Return each part that jobs need, in the order in which they need each other."""
    database = database_service()
    if not database.is_up:
        return [database, redis_service()]
    return [database, redis_service(), workers_service(now), scheduler_service(now)]


def database_service() -> Service:
    """Say whether the database answers."""
    try:
        db.session.execute(select(1))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        return Service(
            "database",
            "down",
            f"The database does not answer: {reason}",
            "Check DATABASE_URL and its server.",
        )
    return Service(
        "database", "up", f"{_DIALECTS.get(db.engine.dialect.name, db.engine.dialect.name)} answers."
    )


def redis_service() -> Service:
    """Say whether Redis answers."""
    try:
        redis_connection().ping()
    except RedisError as error:
        summary = (
            f"Redis cannot be reached ({type(error).__name__}). Work is accepted and goes on by itself later."
        )
        return Service("redis", "down", summary, START_ALL)
    return Service("redis", "up", "Redis answers.")


def workers_service(now: datetime) -> Service:
    """Say whether every queue has a worker that lives."""
    alive = [worker for worker in live_processes(now) if worker.kind == "worker"]
    if not alive and all(row.state == "stopped" for row in all_rows()):
        summary = (
            "The workers are stopped, as somebody wanted. Queued work waits and is done when they start."
        )
        return Service("workers", "down", summary, START_WORKERS, since=_last_sign_of("worker"))
    if not alive:
        summary = "No worker is running. Queued work waits and is done when one starts."
        return Service("workers", "down", summary, START_ALL, since=_last_sign_of("worker"))
    missing = sorted(needed_queues() - {queue for worker in alive for queue in worker.queues})
    if missing:
        summary = f"No worker listens to {_listed(missing)}. Work there waits."
        return Service(
            "workers", "degraded", summary, f"Start one: `python cli.py worker --queues {','.join(missing)}`."
        )
    return Service(
        "workers", "up", f"{_counted(len(alive), 'worker')} at work.", since=min(w.started_at for w in alive)
    )


def scheduler_service(now: datetime) -> Service:
    """Say whether the clock ticks."""
    schedulers = [worker for worker in live_processes(now) if worker.kind == "scheduler"]
    ticks = [worker.last_tick_at for worker in schedulers if worker.last_tick_at]
    if not schedulers:
        summary = "The scheduler is not running. Reminders that fall due wait until it starts."
        return Service("scheduler", "down", summary, START_ALL, since=_last_sign_of("scheduler"))
    if not ticks or now - max(ticks) > SILENT_AFTER:
        summary = "The scheduler is up, but has not completed a round lately."
        return Service("scheduler", "degraded", summary, "Look at its log.", since=max(ticks, default=None))
    return Service("scheduler", "up", "The clock ticks.", since=min(s.started_at for s in schedulers))


def needed_queues() -> set[str]:
    """Return the queues that the jobs of the catalog go to."""
    return {spec.queue for spec in current_catalog().specs.values()}


_DIALECTS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _last_sign_of(kind: str) -> datetime | None:
    return db.session.scalar(select(func.max(Worker.heartbeat_at)).where(Worker.kind == kind))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
