"""Runs are carried out in this process, through the ledger, as a worker would."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

from flask import Flask, current_app
from sqlalchemy import select

from edupulse.clock import now
from edupulse.control import ledger
from edupulse.control.execution import perform
from edupulse.control.messages import Waiting
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.control.run import Outcome
from edupulse.control.work import Work
from edupulse.database import db
from edupulse.testing.arrival import arrival
from edupulse.testing.handover import after_each_commit, handing_over_to, nobody

WORKER = "testing"  # under this name the runs are begun


class Inline:
    """Runs what it is given one after the other; what comes while a job runs waits until that job is over."""

    def __init__(self, *, raising: bool) -> None:
        self._waiting: deque[str] = deque()
        self._raising, self._busy = raising, False
        self._error: BaseException | None = None

    def __call__(self, runs: Sequence[Waiting]) -> None:
        """Take these queued runs."""
        self._waiting.extend(run.id for run in runs)
        if self._busy:
            return
        self._busy = True
        while self._waiting and self._error is None:
            error = _carry_out(self._waiting.popleft())
            self._error = error if self._raising else None
        self._busy = False
        self._waiting.clear()

    def raise_error(self) -> None:
        """Raise what a job has raised, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error


@contextmanager
def inline(*, raising: bool = True) -> Iterator[None]:
    """Run what the block enqueues in this process, as soon as its transaction has committed.

    What a job enqueues runs after that job. An error is recorded in the ledger and, if `raising`, raised where
    the commit was. A run that shall come later waits for `run_due`.
    """
    taker = Inline(raising=raising)
    with handing_over_to(taker), after_each_commit(taker.raise_error):
        yield


def run_due(*, raising: bool = True) -> list[JobRun]:
    """Run what waits and is due by now, and what follows from it; return those runs in their order."""
    seen: list[str] = []
    with handing_over_to(nobody):
        while (run_id := _first_due(seen)) is not None:
            seen.append(run_id)
            error = _carry_out(run_id)
            if raising and error is not None:
                raise error
    db.session.rollback()
    runs = (db.session.get_one(JobRun, run_id) for run_id in seen)
    return [run for run in runs if run.attempts]  # not those that a pause holds


class _Watched(Work):
    """Work whose error is kept as it was raised."""

    error: BaseException | None = None

    def ended_by(self, error: BaseException, permanent: tuple[type[Exception], ...] = ()) -> Outcome:
        self.error = error
        return super().ended_by(error, permanent)


def _carry_out(run_id: str) -> BaseException | None:
    """Bring one run to its end; return what it raised."""
    db.session.rollback()  # in memory all sessions share one connection, and a job brings its own session
    run = ledger.begin(run_id, WORKER)
    if run is None:
        return None  # somebody has it, it is over, or it is paused
    work = _Watched(run)
    outcome = perform(_app(), work)
    if not outcome.written:
        ledger.write(outcome)
    return work.error


def _first_due(seen: Collection[str]) -> str | None:
    ledger.release_due(now())
    waiting = select(JobRun.id).where(OPEN_ROWS, JobRun.state == "queued", JobRun.id.not_in(seen))
    in_turn = waiting.order_by(JobRun.priority.desc(), JobRun.available_at, arrival())
    return db.session.scalar(in_turn.limit(1))


def _app() -> Flask:
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
