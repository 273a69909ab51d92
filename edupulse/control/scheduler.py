"""The clock: of several schedulers the one with the lease makes a round each second; no outage ends it."""

from __future__ import annotations

import contextlib
import signal
from typing import Any, NoReturn

from flask import Flask
from redis import Redis
from redis.exceptions import RedisError
from rq_scheduler import Scheduler

from edupulse.clock import now
from edupulse.control.connection import redis_connection
from edupulse.control.dispatch import OUTAGES
from edupulse.control.lease import LEASE_SECONDS, Lease
from edupulse.control.nap import Nap
from edupulse.control.rounds import Rounds
from edupulse.control.workers import current_worker_name, present
from edupulse.errors import Conflict
from edupulse.logs import get_logger

FORGOTTEN_AFTER = 60  # seconds after which Redis forgets a scheduler that says nothing
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0  # seconds between attempts while Redis or the database is away

log = get_logger(__name__)


def run(app: Flask, *, lease_seconds: float = LEASE_SECONDS) -> int:
    """Keep the clock of `app` until SIGTERM or SIGINT; return the exit code."""
    with app.app_context():
        scheduler = ClockScheduler(app, redis_connection(), lease_seconds=lease_seconds)
    scheduler.run()
    return 0


class ClockScheduler(Scheduler):  # type: ignore[misc]
    """rq-scheduler's place and keys in Redis, with every step that was seen to fail replaced or refused.

    A lease that is renewed and checked, instants in the zone of the schedule, one new job per occurrence, and
    a loop that neither an entry nor an outage can end.
    """

    def __init__(self, app: Flask, redis: Redis, *, lease_seconds: float = LEASE_SECONDS) -> None:
        super().__init__(connection=redis, interval=1, name=current_worker_name())
        self.app, self.redis = app, redis
        self.lease = Lease(redis, self.scheduler_lock_key, self.name, lease_seconds)
        self.rounds = Rounds(redis, self.lease, self.name)
        self.failed_rounds = 0
        self._born = now()
        self._nap = Nap()

    def run(self, burst: bool = False) -> None:
        """Make rounds until asked to end; with `burst`, one."""
        signal.signal(signal.SIGTERM, self.end)
        signal.signal(signal.SIGINT, self.end)
        while not self.rounds.ending:
            try:
                with self.app.app_context(), present("scheduler"), self.lease.kept():
                    self._make_rounds(burst)
            except OUTAGES as error:  # the database cannot be told that we are here, or that we go
                self._nap.sleep(self._after_failure(error))
            self.rounds.ending |= burst
        self._nap.close()

    def end(self, *signal_and_frame: object) -> None:
        """Ask the loop to end after the entry that is under way; safe in a signal handler."""
        self.rounds.ending = True
        self._nap.end()

    def tick(self) -> float:
        """Make one round; return the seconds until something can be due again."""
        self.rounds.make()
        self.heartbeat()
        return self.rounds.pause()

    def heartbeat(self) -> None:
        """Show in Redis, where rq-scheduler does, that rounds are made, and whether this process leads."""
        facts: dict[Any, Any] = {"birth": self._born.timestamp(), "last_tick": now().timestamp()}
        with self.redis.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=facts | {"leads": int(self.lease.held)})
            pipeline.expire(self.key, FORGOTTEN_AFTER)
            pipeline.execute()

    def _make_rounds(self, burst: bool) -> None:
        log.info("scheduler started", scheduler=self.name)
        while not self.rounds.ending:
            pause = self._guarded_tick()
            if burst:
                break
            self._nap.sleep(pause)
        self.lease.release()
        with contextlib.suppress(RedisError):  # it is forgotten after a minute anyway
            self.register_death()
        log.info("scheduler ended", scheduler=self.name)

    def _guarded_tick(self) -> float:
        try:
            with self.app.app_context():
                pause = self.tick()
        except Exception as error:  # noqa: BLE001 - the clock must go on; every failure is shown and counted
            return self._after_failure(error)
        if self.failed_rounds:
            log.info("scheduler works again", failed_rounds=self.failed_rounds)
        self.failed_rounds = 0
        return pause

    def _after_failure(self, error: Exception) -> float:
        """Say what is wrong, an outage only once; let another scheduler lead; return the seconds to wait."""
        self.failed_rounds += 1
        self.rounds.leading = False
        self.lease.release()
        if not isinstance(error, OUTAGES):
            log.exception("round failed", failed_rounds=self.failed_rounds)
        elif self.failed_rounds == 1:
            log.warning("scheduler waits", reason=_in_one_line(error))
        return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(self.failed_rounds - 1, 10))

    def _refused(self, *args: object, **kwargs: object) -> NoReturn:
        raise Conflict(
            "This scheduler keeps its schedules in the database.", cure="Use edupulse.control.schedule."
        )

    # rq-scheduler's own ways in and round: wrong at clock changes, and a crash in between loses the schedule.
    cron = schedule = enqueue_at = enqueue_in = enqueue_job = enqueue_jobs = _refused
    change_execution_time = get_jobs = acquire_lock = remove_lock = _refused


def _in_one_line(error: Exception) -> str:
    """Return what the database or Redis said, without the statement and the advice that SQLAlchemy adds."""
    said = str(getattr(error, "orig", error)).partition("\n")[0]
    return f"{type(error).__name__}: {said}"[:500]
