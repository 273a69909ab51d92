"""One attempt from its first line to its outcome, whatever the job does and whoever interrupts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from edupulse.control import ledger
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.interruptions import Cancelled
from edupulse.control.run import Outcome, Run
from edupulse.control.work import Work
from edupulse.database import db, start_anew
from edupulse.errors import Conflict
from edupulse.logs import get_logger, log_context
from edupulse.transaction import transaction

log = get_logger(__name__)


_working: ContextVar[Work | None] = ContextVar("work", default=None)


def perform(app: Flask, work: Work) -> Outcome:
    """Run the job of `work` in a context of its own and return how it ended."""
    run, token = work.run, _working.set(work)
    try:
        with app.app_context(), log_context(job_id=run.id, request_id=run.request_id):
            spec = current_catalog().get(run.name)
            try:
                result = _run_job(work, spec)
                work.outcome = work.outcome or Outcome(run, "finished", result)
            except BaseException as error:  # noqa: BLE001 - an outcome is made of it, and logged
                work.close()
                work.outcome = _ended_badly(work, spec, error)
            _tidy_up(work)
            return work.outcome
    finally:
        _working.reset(token)


def _run_job(work: Work, spec: JobSpec) -> Any:
    try:
        work.open()
        return spec.function(**work.run.arguments)
    finally:
        work.close()


def _tidy_up(work: Work) -> None:
    """End what the job left open: it belongs to nobody."""
    if work.was_interrupted:
        start_anew()
        return
    try:
        db.session.rollback()
    except SQLAlchemyError as error:  # the database has gone, and the transaction with it
        log.warning("transaction of a job not rolled back", reason=type(error).__name__)


def current_run() -> Run | None:
    """Return the run inside which we are, if any."""
    work = _working.get()
    return work.run if work else None


def check_stop() -> None:
    """Raise Cancelled when somebody asked this job to stop; call it where stopping does no harm."""
    work = _working.get()
    if work is not None and work.stop_reason is not None:
        raise Cancelled(work.stop_reason)


@contextmanager
def finishing(result: Any = None) -> Iterator[Session]:
    """Commit what the block writes together with the end of the run: both are true, or neither.

    The last thing that a job does. Raises Conflict, and undoes the block, when another attempt has taken over.
    """
    work = _working.get()
    with transaction() as session:
        yield session
        if work is None:
            return
        outcome = Outcome(work.run, "finished", result, written=True)
        if not ledger.write(outcome):
            raise Conflict("Another attempt of this run has taken over.", run=work.run.id)
    if work is not None:
        work.outcome = outcome


def _ended_badly(work: Work, spec: JobSpec, error: BaseException) -> Outcome:
    if work.outcome is not None:
        log.exception("error after the run had ended", job=work.run.name)
        return work.outcome
    log.exception("run failed", job=work.run.name, attempt=work.run.attempts)
    return work.ended_by(error, spec.permanent)
