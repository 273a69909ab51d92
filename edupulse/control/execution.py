"""One run from claim to outcome, whatever the job does: the ledger knows before anybody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from flask import current_app

from edupulse.control import ledger
from edupulse.control.models import JobRun
from edupulse.control.workers import current_worker_name
from edupulse.database import db
from edupulse.logs import get_logger, log_context

log = get_logger(__name__)
_handed: ContextVar[str | None] = ContextVar("handed_run_id", default=None)
_running: ContextVar[JobRun | None] = ContextVar("running_run", default=None)


@contextmanager
def handed(run_id: str) -> Iterator[None]:
    """Tell the recorded function inside the block which run RQ has handed over."""
    token = _handed.set(run_id)
    try:
        yield
    finally:
        _handed.reset(token)


def current_run() -> JobRun | None:
    """Return the run inside which we are, if any."""
    return _running.get()


def execute(function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Run `function` for the run that was handed over and record how it ended.

    Called without one (from a test or a shell) it is a plain call.
    """
    run_id = _handed.get()
    if run_id is None:
        return function(**arguments)
    _handed.set(None)  # a job that calls another job's function makes a plain call
    with current_app._get_current_object().app_context(), log_context(job_id=run_id):  # type: ignore[attr-defined]
        run = ledger.begin(run_id, current_worker_name())
        if run is None:
            log.info("run skipped: not queued any more")
            return {"skipped": "not queued any more"}
        return _recorded(run, function, arguments)


def _recorded(run: JobRun, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    token = _running.set(run)
    try:
        result = function(**arguments)
    except BaseException as error:
        db.session.rollback()
        log.exception("run failed", job=run.name, attempt=run.attempts)
        ledger.fail(run, error)
        raise
    finally:
        _running.reset(token)
    ledger.finish(run, result)
    return result
