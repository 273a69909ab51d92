"""A fault at each step of a scheduler's round: each occurrence is accepted exactly once, no schedule is lost.

A round is prepared in which everything is due at once: schedules, one of them with occurrences to make up
for, a wake-up, a run to release, a run that Redis lost, a run of a dead worker. Then it is struck before and
after each command that it sends to Redis or to the database: the connection is lost, an unforeseen error is
raised, the process is killed (SIGKILL), or it is stopped (SIGSTOP), another scheduler takes over, and it goes
on. After that the rounds continue, and ledger, timetable and queues must be what they are without any fault.

Then two real schedulers, see scheduler_pair.py.
`python -m tests.proofs.scheduler_faults [--quick] [--postgres URL]`
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from flask import Flask
from redis import Redis
from sqlalchemy import delete, select, text

from edupulse import clock, create_app, database
from edupulse.config import load_settings
from edupulse.control import ledger, schedule, timetable
from edupulse.control.catalog import JobSpec, Timing
from edupulse.control.enqueue import enqueue
from edupulse.control.lease import LEASE_SECONDS
from edupulse.control.models import JobRun, Schedule, Worker
from edupulse.control.scheduler import ClockScheduler
from edupulse.database import db
from edupulse.transaction import transaction
from tests.proofs import scheduler_pair
from tests.proofs.faults import WAYS, Fault, exposed_to
from tests.servers import RedisProcess

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
STRUCK = START + 60 * SECOND  # the moment of the round that is struck
# Seconds after START at which the rounds go on: near enough to each other, and long enough, to judge who is dead.
AFTERWARDS = (61, 62, 75, 88, 101, 116)
TABLES = (JobRun, Schedule, Worker)


def nothing(number: int = 0) -> None:
    """The job of this proof: only whether it is accepted matters."""


CATALOG = (
    JobSpec("a.minutely", nothing, "reminders", "Due once.", Timing(cron="* * * * *")),
    JobSpec("b.tens", nothing, "email", "Made up for.", Timing(interval_seconds=10, misfire="all")),
    JobSpec("c.plain", nothing, "default", "By hand, by wake-up, again."),
)


@dataclass
class Scene:
    """An application, its Redis, and the state before the round, to which every case returns."""

    app: Flask
    redis: Redis
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    keys: dict[bytes, bytes] = field(default_factory=dict)

    def prepare(self) -> None:
        """Bring about, without any fault, the state in which everything is due."""
        self.redis.flushall()
        with self.app.app_context(), clock.frozen(START):
            db.drop_all()
            db.create_all()
            schedule.sync(START)
            schedule.wake("c.plain", STRUCK - 5 * SECOND)
            _begin_and_lose("fails", STRUCK - 20 * SECOND)
            _begin_and_lose("dies", None)
            enqueue("c.plain", occurrence_key="lost", number=3)
            self.redis.delete("rq:queue:default")
            self.rows = {model: _rows(model) for model in TABLES}
        self.keys = {key: self.redis.dump(key) for key in self.redis.scan_iter()}

    def restore(self) -> None:
        """Return to the state before the round."""
        with transaction() as session:
            for model, rows in self.rows.items():
                session.execute(delete(model))
                if rows:
                    session.execute(model.__table__.insert(), rows)
        self.redis.flushall()
        for key, value in self.keys.items():
            self.redis.restore(key, 0, value)


def _begin_and_lose(key: str, retry_at: datetime | None) -> None:
    """Leave a run that waits for its next attempt at `retry_at`, or one whose worker is gone."""
    run = ledger.begin(enqueue("c.plain", occurrence_key=key).id, "gone")
    if run is None or retry_at is None:
        return
    ledger.fail(run, ConnectionResetError("peer went away"))
    with transaction() as session:
        session.get_one(JobRun, run.id).available_at = retry_at


def _rows(model: Any) -> list[dict[str, Any]]:
    columns = model.__table__.columns.keys()
    return [{name: getattr(row, name) for name in columns} for row in db.session.scalars(select(model))]


def expected_keys() -> set[str]:
    """Return the keys of all runs that must be in the ledger after the last round."""
    end = AFTERWARDS[-1]
    tens = {START + number * SECOND for number in range(10, end + 1, 10)}
    return {
        "lost",
        "dies",
        "fails",
        timetable.wake_entry("c.plain", STRUCK - 5 * SECOND),
        f"a.minutely@{STRUCK.isoformat()}",
        *(f"b.tens@{at.isoformat()}" for at in tens),
    }


def problems(scene: Scene) -> list[str]:
    """Compare the ledger, the timetable and the queues with what they are without any fault."""
    db.session.rollback()
    runs = list(db.session.scalars(select(JobRun)))
    found = Counter(run.occurrence_key for run in runs)
    wrong = [f"{key}: {found[key]} runs" for key in expected_keys() if found[key] != 1]
    wrong += [f"{key}: not expected" for key in found if key not in expected_keys()]
    wrong += [f"{run.occurrence_key}: {run.state}" for run in runs if run.state != "queued"]
    waiting = {
        key
        for name in ("reminders", "email", "default")
        for key in scene.redis.lrange(f"rq:queue:{name}", 0, -1)
    }
    wrong += [f"{run.occurrence_key}: in no queue" for run in runs if run.id.encode() not in waiting]
    rows = {f"schedule-{row.name}": row.next_at.timestamp() for row in db.session.scalars(select(Schedule))}
    if len(rows) != 2 or rows != timetable.armed_schedules(scene.redis):
        wrong.append(f"timetable {timetable.armed_schedules(scene.redis)}, rows {rows}")
    wrong += [f"{name}: next is not later than last" for name, at in rows.items() if at <= STRUCK.timestamp()]
    return wrong


def go_through(scene: Scene, fault: Fault) -> list[str]:
    """Play one case from the beginning; return what is wrong afterwards."""
    with scene.app.app_context():
        scene.restore()
        scheduler = ClockScheduler(scene.app, scene.redis)
        if fault.way in ("kill", "stop"):
            scheduler = _strike_another_process(scene, fault)
        else:
            with exposed_to(fault, db.engine), clock.frozen(STRUCK):
                scheduler._guarded_tick()
        _go_on(scheduler)
        return problems(scene)


def _go_on(scheduler: ClockScheduler) -> None:
    scheduler.rounds._steady = lambda: clock.now().timestamp()
    for seconds in AFTERWARDS:
        with clock.frozen(START + seconds * SECOND):
            scheduler._guarded_tick()


def _strike_another_process(scene: Scene, fault: Fault) -> ClockScheduler:
    """Let a child make the round and be struck; return the scheduler that takes over."""
    db.session.remove()
    db.engine.dispose()  # no connection crosses the fork
    child = os.fork()
    if child == 0:
        with scene.app.app_context(), exposed_to(fault, db.engine), clock.frozen(STRUCK):
            ClockScheduler(scene.app, scene.redis).tick()
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    successor = ClockScheduler(scene.app, scene.redis)
    if os.WIFSTOPPED(status):
        _take_over_and_wake(scene, successor, child)
    else:
        scene.redis.delete(successor.scheduler_lock_key)  # the lease of the dead lapses
    return successor


def _take_over_and_wake(scene: Scene, successor: ClockScheduler, child: int) -> None:
    """Make a round while the old leader is stopped, and let it go on, still believing in its lease.

    Where it stands in the middle of a write, SQLite lets nobody else write: the successor waits.
    """
    scene.redis.delete(successor.scheduler_lock_key)
    with _impatient_database(), clock.frozen(STRUCK + SECOND):
        successor._guarded_tick()
    os.kill(child, signal.SIGCONT)
    os.waitpid(child, 0)


@contextmanager
def _impatient_database() -> Iterator[None]:
    """Let this process give up on a lock after a moment."""
    patience, database.BUSY_TIMEOUT_MS = database.BUSY_TIMEOUT_MS, 20
    if db.engine.dialect.name != "sqlite":
        db.session.execute(text("SET lock_timeout = 20"))
        db.session.commit()
    yield
    database.BUSY_TIMEOUT_MS = patience
    db.session.remove()
    db.engine.dispose()


def count_steps(scene: Scene) -> Fault:
    """Play the round without a fault; return what it sent."""
    counting = Fault()
    wrong = go_through(scene, counting)
    if wrong:
        raise AssertionError(f"without any fault: {wrong}")
    return counting


def cases(steps: int, every: int) -> Iterator[Fault]:
    """Yield the faults: each step, before and after, in each way; of those every n-th, spread over all."""
    for number in range(steps * 2 * len(WAYS)):
        if number % every == 0:
            step, kind = divmod(number, 2 * len(WAYS))
            yield Fault(step + 1, after=bool(kind % 2), way=WAYS[kind // 2])


@contextmanager
def stage(database_url: str = "") -> Iterator[Scene]:
    """Give a prepared scene on a Redis and a folder of its own."""
    folder, redis = tempfile.mkdtemp(prefix="edu-faults-"), RedisProcess().start()
    environment = {"EDUPULSE_DATA_DIR": folder, "SECRET_KEY": "proof", "REDIS_URL": redis.url}
    logging.disable(logging.CRITICAL)  # every case logs the fault that it is struck by
    try:
        app = create_app(
            load_settings(environment | {"DATABASE_URL": database_url}), catalog=CATALOG, serving=False
        )
        app.extensions["edupulse"].redis = Redis.from_url(redis.url)
        scene = Scene(app, app.extensions["edupulse"].redis)
        scene.prepare()
        yield scene
        with app.app_context():
            db.engine.dispose()
    finally:
        logging.disable(logging.NOTSET)
        redis.remove()
        shutil.rmtree(folder)


@dataclass
class Figures:
    """How many steps a round has, how many cases were played, and what went wrong in which."""

    steps: int
    played: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def __str__(self) -> str:
        ways = ", ".join(f"{count} {way}" for way, count in self.played.items())
        head = f"{self.steps} commands in a round, struck {sum(self.played.values())} times ({ways})"
        return "\n".join(
            [
                f"{head} in {self.seconds:.0f} s",
                f"occurrences lost, doubled, or schedules lost in {len(self.broken)} cases",
                *self._worst(),
            ]
        )

    def _worst(self) -> list[str]:
        return [f"  {case}: {'; '.join(wrong[:3])}" for case, wrong in list(self.broken.items())[:10]]


def strike_each_step(scene: Scene, every: int = 1) -> Figures:
    """Play every n-th case; return the figures."""
    begun, counted = monotonic(), count_steps(scene)
    figures = Figures(counted.count)
    for fault in cases(counted.count, every):
        where = f"{fault} ({counted.names[fault.step - 1]})"
        figures.played[fault.way] += 1
        if wrong := go_through(scene, fault):
            figures.broken[where] = wrong
    figures.seconds = monotonic() - begun
    return figures


def main() -> int:
    """Play all, print the figures, return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a sample of the steps, a short lease")
    parser.add_argument("--postgres", metavar="URL", default="", help="an empty database instead of SQLite")
    options = parser.parse_args()
    with stage(options.postgres) as scene:
        figures = strike_each_step(scene, every=13 if options.quick else 1)
        print(figures, flush=True)
    pair = scheduler_pair.compare(1.5 if options.quick else LEASE_SECONDS, brief=options.quick)
    print(pair)
    return 0 if not figures.broken and pair.holds else 1


if __name__ == "__main__":
    sys.exit(main())
