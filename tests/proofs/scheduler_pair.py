"""Two real schedulers on one Redis and one database: stopped, resumed, killed, and left without Redis.

A schedule of each second, whose missed seconds are made up for, must show each exactly once in the ledger.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from flask import Flask
from redis import Redis
from sqlalchemy import select

from edupulse import clock, create_app
from edupulse.clock import now
from edupulse.config import load_settings
from edupulse.control import schedule, scheduler, timetable
from edupulse.control.catalog import JobSpec, Timing
from edupulse.control.enqueue import enqueue_many
from edupulse.control.models import JobRun, Worker
from edupulse.database import db
from tests.servers import RedisProcess

LOCK = "rq:scheduler_lock"
PATIENCE_SECONDS = 60
Processes = list[subprocess.Popen[bytes]]
PROJECT = Path(__file__).parent.parent.parent
WAKES = 20
LOST = 10_000


def nothing() -> None:
    """The job of this proof: only whether and when it is accepted matters."""


EACH_SECOND = Timing(interval_seconds=1, misfire="all", max_lateness_seconds=3600)
CATALOG = (
    JobSpec("a.each_second", nothing, "default", "Due each second.", EACH_SECOND),
    JobSpec("b.woken", nothing, "reminders", "Woken."),
    JobSpec("c.lost", nothing, "email", "Lost by Redis."),
)


@dataclass
class Figures:
    """What was seen; seconds where the name says nothing else."""

    lease_seconds: float
    takeovers: dict[str, float] = field(default_factory=dict)
    stepped_down: bool = False
    seconds_covered: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    lateness_ms: list[float] = field(default_factory=list)
    rebuilt: float = 0.0
    exit_codes: list[int] = field(default_factory=list)
    lock_left: bool = False

    @property
    def holds(self) -> bool:
        orderly = self.stepped_down and not self.lock_left and set(self.exit_codes) == {0}
        return orderly and not self.missing and not self.doubled and max(self.takeovers.values()) <= 15

    def __str__(self) -> str:
        takeovers = ", ".join(f"{what} {took:.1f} s" for what, took in self.takeovers.items())
        lines = [
            f"two schedulers, lease {self.lease_seconds:g} s: takeover after {takeovers}",
            f"the resumed leader stepped down: {self.stepped_down}; "
            f"exit codes {self.exit_codes}; lock left: {self.lock_left}",
            f"{self.seconds_covered} seconds: {len(self.missing)} lost {self.missing[:3]}, "
            f"{len(self.doubled)} doubled {self.doubled[:3]}",
        ]
        if late := sorted(self.lateness_ms):
            lines.append(f"exact wake-ups late by p50 {median(late):.0f} ms, max {late[-1]:.0f} ms")
            lines.append(f"{LOST} waiting runs back in Redis {self.rebuilt:.1f} s after FLUSHALL")
        return "\n".join(lines)


def compare(lease_seconds: float, *, brief: bool = False) -> Figures:
    """Run the two through everything, or briefly through being stopped and killed; return the figures."""
    with _place() as (redis_process, app, environment), app.app_context():
        redis = Redis.from_url(redis_process.url)
        figures = Figures(lease_seconds)
        processes = [_start(environment, lease_seconds) for _ in range(2)]
        try:
            _until(_ledger, "a first occurrence")
            _stop_and_resume_the_leader(figures, redis, processes)
            if not brief:
                _measure_wakes(figures)
                _flush(figures, redis)
                _take_redis_away(redis_process)
            _kill_the_leader(figures, redis, processes)
            _end_orderly(figures, redis, processes)
        finally:
            for process in processes:
                process.kill()
                process.wait()
        _judge(figures, redis)
        return figures


def _stop_and_resume_the_leader(figures: Figures, redis: Redis, processes: Processes) -> None:
    stopped = _leader(redis, processes)
    stopped.send_signal(signal.SIGSTOP)
    took = figures.takeovers["SIGSTOP"] = _until(
        lambda: _who_leads(redis, processes) not in (None, stopped), "takeover"
    )
    time.sleep(max(0.0, 3 * figures.lease_seconds - took))
    stopped.send_signal(signal.SIGCONT)
    _until(lambda: _says_that_it_leads(redis, stopped) == b"0", "the resumed leader to step down")
    figures.stepped_down = True


def _kill_the_leader(figures: Figures, redis: Redis, processes: Processes) -> None:
    killed = _leader(redis, processes)
    killed.kill()
    killed.wait()
    processes.remove(killed)
    figures.takeovers["SIGKILL"] = _until(lambda: _who_leads(redis, processes), "a takeover")
    killed_at = now()
    _until(lambda: max(_ledger()) > killed_at, "an occurrence after the takeover")


def _take_redis_away(redis_process: RedisProcess) -> None:
    redis_process.stop(kill=True)
    time.sleep(2)
    redis_process.start()
    restarted = now()
    _until(lambda: max(_ledger()) > restarted, "occurrences after the outage")


def _flush(figures: Figures, redis: Redis) -> None:
    """Empty Redis while many runs wait, and measure until all are back."""
    with clock.frozen(now() - timedelta(minutes=1)):  # they have been waiting for a while
        enqueue_many("c.lost", [{}] * LOST)
    redis.flushall()
    figures.rebuilt = _until(lambda: redis.llen("rq:queue:email") >= LOST, "the queue to be rebuilt")


def _measure_wakes(figures: Figures) -> None:
    begin = now() + timedelta(seconds=1.5)
    instants = [begin + timedelta(seconds=0.137 * number) for number in range(WAKES)]
    for at in instants:
        schedule.wake("b.woken", at)
    _until(lambda: len(_runs("b.woken")) == WAKES, "all wake-ups")
    planned = {timetable.wake_entry("b.woken", at): at for at in instants}
    for run in _runs("b.woken"):
        late = run.created_at - planned[run.occurrence_key or ""]
        figures.lateness_ms.append(late.total_seconds() * 1000)


def _end_orderly(figures: Figures, redis: Redis, processes: Processes) -> None:
    _until(lambda: redis.llen("rq:queue:default") >= len(_ledger()), "every run to be in Redis")
    for process in processes:
        process.terminate()
    figures.exit_codes = [process.wait(timeout=PATIENCE_SECONDS) for process in processes]
    figures.lock_left = bool(redis.exists(LOCK))


def _judge(figures: Figures, redis: Redis) -> None:
    """Compare the ledger with the seconds that went by."""
    seen = sorted(_ledger())
    planned = [
        seen[0] + timedelta(seconds=number) for number in range(int((seen[-1] - seen[0]).total_seconds()) + 1)
    ]
    figures.seconds_covered = len(planned)
    figures.missing = [f"{at:%H:%M:%S}" for at in planned if at not in set(seen)]
    figures.doubled = [f"{at:%H:%M:%S}" for at, count in Counter(seen).items() if count > 1]
    figures.missing += [run.error_message or "" for run in _runs("a.each_second") if run.state != "queued"]
    in_redis = set(redis.lrange("rq:queue:default", 0, -1))
    figures.missing += [run.id for run in _runs("a.each_second") if run.id.encode() not in in_redis]


def _ledger() -> list[datetime]:
    keys = [run.occurrence_key for run in _runs("a.each_second")]
    return [datetime.fromisoformat(key.partition("@")[2]).astimezone(UTC) for key in keys if key]


def _runs(name: str) -> list[JobRun]:
    db.session.rollback()
    return list(db.session.scalars(select(JobRun).where(JobRun.name == name)))


def _leader(redis: Redis, processes: Processes) -> subprocess.Popen[bytes]:
    _until(lambda: _who_leads(redis, processes), "a leader")
    leader = _who_leads(redis, processes)
    assert leader is not None
    return leader


def _who_leads(redis: Redis, processes: Processes) -> subprocess.Popen[bytes] | None:
    """Return the process that holds the lease; its name ends with its process id."""
    owner = (redis.get(LOCK) or b"").decode().partition(":")[0]
    return next((process for process in processes if owner.endswith(f"-{process.pid}")), None)


def _says_that_it_leads(redis: Redis, process: subprocess.Popen[bytes]) -> bytes | None:
    db.session.rollback()
    name = db.session.scalars(select(Worker.name).where(Worker.pid == process.pid)).one()
    return redis.hget(f"rq:scheduler_instance:{name}", "leads")


def _until(holds: Callable[[], object], what: str) -> float:
    """Wait until `holds`; return how many seconds it took."""
    begun = time.monotonic()
    while not holds():
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain for {what}")
        time.sleep(0.05)
    return time.monotonic() - begun


@contextmanager
def _place() -> Iterator[tuple[RedisProcess, Flask, dict[str, str]]]:
    folder, redis = tempfile.mkdtemp(prefix="edu-pair-"), RedisProcess().start()
    environment = {
        "EDUPULSE_DATA_DIR": folder,
        "SECRET_KEY": "proof",
        "REDIS_URL": redis.url,
        "LOG_LEVEL": "warning",
    }
    try:
        app = create_app(load_settings(environment), catalog=CATALOG, serving=False)
        with app.app_context():
            db.create_all()
        yield redis, app, environment
        with app.app_context():
            db.engine.dispose()
    finally:
        redis.remove()
        shutil.rmtree(folder)


def _start(environment: dict[str, str], lease_seconds: float) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.proofs.scheduler_pair", str(lease_seconds)]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=PROJECT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":  # one of the two
    sys.exit(scheduler.run(create_app(catalog=CATALOG, serving=False), lease_seconds=float(sys.argv[1])))
