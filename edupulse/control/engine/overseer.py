"""What must not go on is stopped: step by step, from a polite word to the end of the process."""

from __future__ import annotations

import time

from sqlalchemy import select

from edupulse.config import current_settings
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.engine.slots import Slots
from edupulse.control.interruptions import (
    Cancelled,
    Interruption,
    SoftTimeLimitExceeded,
    TimeLimitExceeded,
    WorkerStopping,
)
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.control.work import Work
from edupulse.database import db

LOOK_SECONDS = 1.0  # between two looks at what runs
ASK_SECONDS = 2.0  # between two questions to the ledger: a wish to cancel that came by no other way is found
POLITE_SECONDS = 5.0  # that a cancelled job has to stop by itself
AGAIN_SECONDS = 2.5  # after which an interruption that had no effect is raised again
KILL_SECONDS = 10.0  # after which a job that does not even react to an interruption takes its worker with it


class Overseer:
    """Looks at all work of one worker about once a second; each measure is taken once."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._next_look = self._next_question = 0.0
        self._stop_at: float | None = None
        self._cancelled: dict[str, float] = {}  # key of the attempt -> when we first knew
        self._heard: set[str] = set()  # ids of runs that Redis said shall stop
        self._taken: dict[tuple[str, type[BaseException]], float] = {}  # measures, and when they were taken

    def stop(self) -> None:
        """The worker is to end: what runs has its grace from now on. Safe in a signal handler."""
        self._stop_at = self._stop_at or time.monotonic()

    def hear_of_cancellation(self, run_id: str) -> None:
        """Redis says that somebody wants this run to stop: ask the ledger at once who, and why."""
        self._heard.add(run_id)
        self._next_look = self._next_question = 0.0

    def look(self) -> None:
        """Take the measures that are due; needs an application context. Raises what the database raises."""
        instant = time.monotonic()
        if instant < self._next_look:
            return
        self._next_look = instant + LOOK_SECONDS
        works = list(self._slots.works)
        for work in works:
            self._look_at(work, instant)
        self._forget(works)
        if works and instant >= self._next_question:
            self._next_question = instant + ASK_SECONDS
            self._ask_for_cancellations(works)
            self._heard.clear()

    def _ask_for_cancellations(self, works: list[Work]) -> None:
        wanted = select(JobRun.id, JobRun.cancel_actor, JobRun.cancel_reason).where(
            OPEN_ROWS, JobRun.id.in_([work.run.id for work in works]), JobRun.cancel_requested_at.is_not(None)
        )
        db.session.rollback()  # ends an older snapshot
        for run_id, actor, reason in db.session.execute(wanted):
            self._cancel(run_id, stopped_by(actor, reason))
        for run_id in self._heard:
            self._cancel(run_id, "Stopped by RQ's stop-job command.")  # unless the ledger knows of it

    def _cancel(self, run_id: str, reason: str) -> None:
        for work in self._slots.works:
            if work.run.id == run_id and work.run.key not in self._cancelled:
                self._cancelled[work.run.key] = time.monotonic()
                work.ask_to_stop(reason)

    def _look_at(self, work: Work, instant: float) -> None:
        if spec := current_catalog().specs.get(work.run.name):
            self._keep_limits(work, spec, work.seconds)
        if (since := self._cancelled.get(work.run.key)) is not None:
            self._insist(work, instant - since)
        if self._stop_at is not None and instant - self._stop_at >= current_settings().worker_grace:
            self._take(work, WorkerStopping, "The worker had to end before the job did.")

    def _keep_limits(self, work: Work, spec: JobSpec, age: float) -> None:
        if age >= spec.hard_limit_seconds:
            self._take(
                work, TimeLimitExceeded, f"It ran longer than its limit of {spec.hard_limit_seconds} seconds."
            )
        elif age >= spec.soft_limit_seconds:
            self._take(work, SoftTimeLimitExceeded, _soft_words(spec))

    def _insist(self, work: Work, waited: float) -> None:
        if waited >= POLITE_SECONDS:
            self._take(work, Cancelled, work.stop_reason or "Stopped.")
        if waited >= KILL_SECONDS:
            self._slots.give_up(work)

    def _take(self, work: Work, error: type[BaseException], reason: str) -> None:
        """Interrupt the job; again and again where it is to end: a bare `except` swallows anything."""
        measure, instant = (work.run.key, error), time.monotonic()
        waits = AGAIN_SECONDS if issubclass(error, Interruption) else float("inf")
        if instant - self._taken.get(measure, float("-inf")) >= waits and work.interrupt(error, reason):
            self._taken[measure] = instant

    def _forget(self, works: list[Work]) -> None:
        here = {work.run.key for work in works}
        self._taken = {measure: instant for measure, instant in self._taken.items() if measure[0] in here}
        self._cancelled = {key: since for key, since in self._cancelled.items() if key in here}


def stopped_by(actor: str | None, reason: str | None) -> str:
    """Return in words who stopped a run, and why."""
    return f"Stopped by {actor or 'somebody'}{f': {reason}' if reason else '.'}"


def _soft_words(spec: JobSpec) -> str:
    left = spec.hard_limit_seconds - spec.soft_limit_seconds
    return f"It has run for {spec.soft_limit_seconds} seconds; {left} more and it is ended."
