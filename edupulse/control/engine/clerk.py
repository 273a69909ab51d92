"""What the keeper writes down of its workers: that they live, and how they died. It never waits long for anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from flask import Flask
from sqlalchemy import select

from edupulse.clock import now
from edupulse.control import interrupted, workers
from edupulse.control.connection import redis_connection
from edupulse.control.engine import transport
from edupulse.control.engine.patience import TooLong, at_most
from edupulse.control.engine.roster import Roster, Wish
from edupulse.control.engine.spawn import let_go
from edupulse.control.engine.worker_process import WorkerProcess
from edupulse.control.models import OPEN_ROWS, JobRun, Worker
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.transaction import transaction

# A job is ended at most 10 s after its limit: its worker gives it 5, and these two may lie before the keeper's look.
LEDGER_SECONDS = 2.5
REDIS_SECONDS = 1.5
START_SECONDS = 10.0  # for the first answer of the database
CANCELLED_BEFORE = timedelta(seconds=15)  # the worker itself takes 10 s to end a job that does not react

T = TypeVar("T")

log = get_logger(__name__)


@dataclass(frozen=True)
class Death:
    """The end of a worker; `cause` completes the sentence "The worker w1 ...", and is empty after an orderly end."""

    name: str
    moment: datetime
    cause: str
    on_purpose: bool
    jobs_done: int
    jobs_failed: int = 0


class Clerk:
    """Writes when it can; what must not be lost is kept until it is written."""

    def __init__(self, app: Flask, roster: Roster) -> None:
        self._app, self._roster = app, roster
        self._deaths: list[Death] = []
        self._troubles: set[str] = set()  # what does not succeed at present, and was said once

    @property
    def has_deaths(self) -> bool:
        """Say whether the end of a worker is still to be written down."""
        return bool(self._deaths)

    def arrive(self) -> None:
        """Say that the keeper is here. Raises Unavailable, or what the database says, when there is no ledger."""
        try:
            with self._app.app_context(), at_most(START_SECONDS):
                db.session.execute(select(Worker.name).limit(1))
                self._roster.check()
                if self._roster.changes:  # somebody may ask who would bring a change about
                    workers.register("keeper", pool=self._roster.pool)
        except TooLong:
            cure = "Check DATABASE_URL, then run: python cli.py doctor"
            raise Unavailable(
                f"The database does not answer within {START_SECONDS:.0f} s.", cure=cure
            ) from None
        finally:
            let_go(self._app)

    def leave(self) -> None:
        """Say that the keeper is gone."""
        if self._roster.changes:
            goodbye = partial(workers.leave, workers.current_worker_name())
            self._attempt("goodbye of the keeper", LEDGER_SECONDS, goodbye)

    def wishes(self) -> list[Wish] | None:
        """Return which workers are wanted now; None while the ledger cannot be asked."""
        return self._attempt("look at what is wanted", LEDGER_SECONDS, self._roster.wishes)

    def beat(self, crew: Sequence[WorkerProcess]) -> None:
        """Say in the ledger and in Redis that these live, at most 30 s apart, whatever their jobs do."""
        self._attempt("heartbeat in the ledger", LEDGER_SECONDS, partial(self._beat, crew))
        self._attempt("heartbeat in Redis", REDIS_SECONDS, partial(_beat_in_redis, crew))

    def deaf(self, crew: Iterable[WorkerProcess]) -> set[str]:
        """Return the names of those with a run that was cancelled long ago and still runs."""
        names = [worker.name for worker in crew if worker.is_working]
        if not names:
            return set()
        return self._attempt("look for cancelled runs", LEDGER_SECONDS, partial(_deaf, names)) or set()

    def note(self, death: Death) -> None:
        """Write down the end of a worker and settle its runs, now or when the database is there again."""
        self._deaths.append(death)
        self.catch_up()

    def catch_up(self) -> None:
        """Write what could not be written before."""
        for death in list(self._deaths):
            self._deaths.remove(death)
            if not self._attempt("settling of dead workers", LEDGER_SECONDS, partial(_settle, death)):
                self._deaths.append(death)  # behind the others, so that none of them waits for it alone
                return

    def _beat(self, crew: Sequence[WorkerProcess]) -> None:
        with transaction(durable=False):  # one for all
            if self._roster.changes:
                workers.beat(workers.current_worker_name())
            for worker in crew:
                workers.beat(worker.name, worker.pid, **worker.board.counts)

    def _attempt(self, what: str, seconds: float, act: Callable[[], T]) -> T | None:
        try:
            with self._app.app_context(), at_most(seconds):
                done = act()
        except (Exception, TooLong) as error:  # noqa: BLE001 - workers are watched whatever ails the database
            self._say_once(what, error)
            let_go(self._app)
            return None
        self._troubles.discard(what)
        return done

    def _say_once(self, what: str, error: BaseException) -> None:
        if what not in self._troubles:
            self._troubles.add(what)
            log.warning(f"{what} must wait", reason=f"{type(error).__name__}: {error}"[:500])


def _beat_in_redis(crew: Sequence[WorkerProcess]) -> None:
    for worker in crew:
        transport.beat(redis_connection(), worker.name, worker.is_working)


def _deaf(names: list[str]) -> set[str]:
    long_ago = now() - CANCELLED_BEFORE
    held = select(JobRun.worker).where(
        OPEN_ROWS, JobRun.state == "started", JobRun.worker.in_(names), JobRun.cancel_requested_at < long_ago
    )
    db.session.rollback()  # ends an older snapshot
    return {name for name in db.session.scalars(held) if name is not None}


def _settle(death: Death) -> bool:
    cause = death.cause or "ended"
    held = interrupted.interrupt(death.name, death.moment, cause, on_purpose=death.on_purpose, by_keeper=True)
    state = "dead" if death.cause or held else "stopped"
    workers.leave(death.name, state, jobs_done=death.jobs_done, jobs_failed=death.jobs_failed)
    return True
