"""What the doors ask about jobs: which part is up or down and why, what waits, what failed, each run by filter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError
from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from edupulse.control.catalog import QUEUES, current_catalog
from edupulse.control.connection import redis_connection
from edupulse.control.models import JobRun, Schedule, Worker
from edupulse.control.workers import DEAD_AFTER
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

LATE_AFTER = timedelta(seconds=60)  # a run or a schedule that waits longer than this is late
SILENT_AFTER = timedelta(seconds=15)  # the scheduler completes a round each second
RECENT = timedelta(hours=24)
START_ALL = "Start everything with `./run up`, or look at `python cli.py doctor`."


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


@dataclass(frozen=True)
class QueueLoad:
    """What stands in one queue, since when, and who listens to it."""

    name: str
    waiting: int
    oldest: datetime | None
    running: int
    workers: int


@dataclass(frozen=True)
class Backlog:
    """How many runs wait for a worker, and since when the oldest of them."""

    count: int
    since: datetime | None


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; an empty value means any."""

    state: str = ""
    name: str = ""
    queue: str = ""
    text: str = ""  # in the id, the arguments or the error


@dataclass(frozen=True)
class Overview:
    """The state of all jobs at one moment; counts of ended runs are of the last 24 hours."""

    queues: list[QueueLoad]
    backlog: Backlog
    running: int
    finished: int
    failed: int
    asking: int  # interrupted runs whose job wants a person to decide
    late: list[JobRun]
    failures: list[JobRun]
    broken: list[str]  # names of the jobs that failed and have not succeeded since
    late_schedules: list[Schedule]


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
        summary = f"Redis cannot be reached ({type(error).__name__}). What is accepted is stored and waits."
        return Service("redis", "down", summary, "It goes on by itself when Redis is back. " + START_ALL)
    return Service("redis", "up", "Redis answers.")


def workers_service(now: datetime) -> Service:
    """Say whether every queue has a worker that lives."""
    alive = [worker for worker in live_processes(now) if worker.kind == "worker"]
    if not alive:
        summary = "No worker is running. Queued work waits and is done when one starts."
        return Service("workers", "down", summary, START_ALL, since=_last_sign_of("worker"))
    missing = sorted(_needed_queues() - {queue for worker in alive for queue in worker.queues})
    if missing:
        summary = f"No worker listens to {_listed(missing)}. Work there waits."
        return Service(
            "workers", "degraded", summary, f"Start one: `python cli.py worker {' '.join(missing)}`."
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


def overview(now: datetime) -> Overview:
    """Return what waits, runs, is late and has failed."""
    queues = queue_loads(now)
    ended, failures = _ended_since(now - RECENT), failures_since(now - RECENT)
    return Overview(
        queues=queues,
        backlog=backlog(),
        running=sum(queue.running for queue in queues),
        finished=ended.get("finished", 0),
        failed=ended.get("failed", 0),
        asking=db.session.scalar(select(func.count()).where(JobRun.state == "interrupted")) or 0,
        late=late_runs(now),
        failures=failures,
        broken=_not_mended(failures),
        late_schedules=late_schedules(now),
    )


def backlog() -> Backlog:
    """Return what waits for a worker."""
    waiting = select(func.count(), func.min(JobRun.available_at)).where(JobRun.state == "queued")
    return Backlog(*db.session.execute(waiting).one())


def queue_loads(now: datetime) -> list[QueueLoad]:
    """Return each queue that is used, in the order of the catalog's queues."""
    waiting = _open_by_queue("queued")
    running = _open_by_queue("started")
    listening = [queue for worker in live_processes(now) for queue in worker.queues]
    names = {*_needed_queues(), *waiting, *running}
    return [
        QueueLoad(
            name=name,
            waiting=waiting.get(name, (0, None))[0],
            oldest=waiting.get(name, (0, None))[1],
            running=running.get(name, (0, None))[0],
            workers=listening.count(name),
        )
        for name in sorted(
            names, key=lambda name: (QUEUES.index(name) if name in QUEUES else len(QUEUES), name)
        )
    ]


def live_processes(now: datetime) -> list[Worker]:
    """Return the workers and schedulers whose heartbeat is fresh."""
    fresh = select(Worker).where(Worker.state == "running", Worker.heartbeat_at > now - DEAD_AFTER)
    return list(db.session.scalars(fresh.order_by(Worker.kind, Worker.name)))


def late_runs(now: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that have waited longest, where that is too long."""
    late = select(JobRun).where(JobRun.state == "queued", JobRun.available_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(JobRun.available_at).limit(limit)))


def failures_since(since: datetime, limit: int = 10) -> list[JobRun]:
    """Return the runs that failed lately, newest first."""
    failed = select(JobRun).where(JobRun.state == "failed", JobRun.created_at >= since)
    return list(db.session.scalars(failed.order_by(JobRun.created_at.desc()).limit(limit)))


def late_schedules(now: datetime) -> list[Schedule]:
    """Return the enabled schedules whose time has passed without a run."""
    late = select(Schedule).where(Schedule.enabled, Schedule.next_at < now - LATE_AFTER)
    return list(db.session.scalars(late.order_by(Schedule.next_at)))


def runs(filters: RunFilter, cursor: str = "", size: int = PAGE_SIZE) -> Page[JobRun]:
    """Return a page of runs, newest first; raises Invalid for a bad cursor."""
    query = select(JobRun)
    for column, value in (
        (JobRun.state, filters.state),
        (JobRun.name, filters.name),
        (JobRun.queue, filters.queue),
    ):
        if value:
            query = query.where(column == value)
    if filters.text:
        query = query.where(or_(*(column.icontains(filters.text, autoescape=True) for column in _SEARCHED)))
    return page_of(query, Order(JobRun.created_at, JobRun.id), cursor=cursor, size=size)


def run(run_id: str) -> JobRun:
    """Return one run; raises NotFound."""
    found = db.session.get(JobRun, run_id)
    if found is None:
        raise NotFound(f"There is no job run {run_id[:100]!r}.", run_id=run_id)
    return found


_SEARCHED = (JobRun.id, JobRun.name, JobRun.error_message, JobRun.error_class, cast(JobRun.arguments, String))
_DIALECTS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _needed_queues() -> set[str]:
    return {spec.queue for spec in current_catalog().specs.values()}


def _last_sign_of(kind: str) -> datetime | None:
    return db.session.scalar(select(func.max(Worker.heartbeat_at)).where(Worker.kind == kind))


def _open_by_queue(state: str) -> dict[str, tuple[int, datetime | None]]:
    counted = select(JobRun.queue, func.count(), func.min(JobRun.available_at)).where(JobRun.state == state)
    return {
        queue: (count, oldest) for queue, count, oldest in db.session.execute(counted.group_by(JobRun.queue))
    }


def _ended_since(since: datetime) -> dict[str, int]:
    ended = select(JobRun.state, func.count()).where(JobRun.created_at >= since, JobRun.ended_at.is_not(None))
    return {state: count for state, count in db.session.execute(ended.group_by(JobRun.state))}


def _not_mended(failures: Iterable[JobRun]) -> list[str]:
    latest: dict[str, datetime] = {}
    for failed in failures:
        latest[failed.name] = max(failed.created_at, latest.get(failed.name, failed.created_at))
    succeeded = select(JobRun.name, func.max(JobRun.created_at)).where(
        JobRun.name.in_(latest), JobRun.state == "finished"
    )
    mended = {name: at for name, at in db.session.execute(succeeded.group_by(JobRun.name))}
    return sorted(name for name, at in latest.items() if name not in mended or mended[name] < at)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
