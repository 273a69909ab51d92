"""The life of a run after it was accepted: begun once, ended once, never overwritten by a ghost."""

from __future__ import annotations

import json
import random
import traceback
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.catalog import current_catalog
from edupulse.control.enqueue import push
from edupulse.control.models import FINAL_STATES, OPEN_ROWS, JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Denied, EduPulseError, Invalid, NotFound
from edupulse.logs import get_logger, masked
from edupulse.transaction import after_commit, rows_changed, transaction

PERMANENT = (Invalid, NotFound, Denied, Conflict)  # trying again cannot help
FIRST_RETRY_SECONDS = 5.0
LAST_RETRY_SECONDS = 600.0
TRACEBACK_CHARACTERS = 8_000
RELEASE_BATCH = 500

log = get_logger(__name__)


def begin(run_id: str, worker: str) -> JobRun | None:
    """Claim a queued run for `worker`; None when somebody else has it or it is over.

    The attempt number is the fencing token: only this attempt may write the outcome.
    """
    claim = (
        update(JobRun)
        .where(JobRun.id == run_id, JobRun.state == "queued")
        .values(state="started", worker=worker, started_at=now(), ended_at=None, attempts=JobRun.attempts + 1)
    )
    # Lost in a power cut, the run is queued as before: the worker that had begun it is gone as well.
    with transaction(durable=False) as session:
        claimed = rows_changed(session, claim)
        return session.get(JobRun, run_id, populate_existing=True) if claimed else None


def finish(run: JobRun, result: Any) -> bool:
    """Record the result; False when another attempt has taken the run over."""
    return _end(
        run,
        state="finished",
        result=_plain(result),
        error_class=None,
        error_message=None,
        error_traceback=None,
    )


def fail(run: JobRun, error: BaseException) -> bool:
    """Record the error; try again later when that can help, else the run has failed."""
    facts = _error_facts(error)
    if _worth_another_try(run, error):
        due = now() + timedelta(seconds=_retry_delay(run.attempts, error))
        return _end(run, state="deferred", available_at=due, **facts)
    return _end(run, state="failed", **facts)


def release_due(moment: datetime) -> int:
    """Queue again the deferred runs whose time has come; return how many."""
    due = (
        select(JobRun.id)
        .where(OPEN_ROWS, JobRun.state == "deferred", JobRun.available_at <= moment)
        .limit(RELEASE_BATCH)
    )
    db.session.rollback()  # an older snapshot would hide what has become due since
    if not (ids := db.session.scalars(due).all()):
        return 0  # asked each second: without work it must not wait for another writer
    with transaction() as session:
        for run_id in ids:
            session.execute(_moved(run_id, "deferred", "queued", available_at=moment))
            after_commit(push, run_id)
    return len(ids)


def interrupt(worker: str, moment: datetime) -> int:
    """Settle the runs that a dead worker had begun, by each job's policy; return how many."""
    with transaction() as session:
        begun = select(JobRun).where(OPEN_ROWS, JobRun.state == "started", JobRun.worker == worker)
        held = session.scalars(begun.with_for_update()).all()
        for run in held:
            _settle_interrupted(run, moment)
    return len(held)


def _settle_interrupted(run: JobRun, moment: datetime) -> None:
    message = f"The worker {run.worker} died while this run was under way (attempt {run.attempts})."
    run.error_class, run.error_message = "Interrupted", message
    spec = current_catalog().specs.get(run.name)
    if spec is not None and spec.on_interrupt == "ask":
        run.state = "interrupted"
    elif spec is None or spec.on_interrupt == "fail" or run.attempts > spec.retries:
        run.state, run.ended_at = "failed", moment
    else:
        run.state, run.available_at = "queued", moment
        after_commit(push, run.id)
    log.warning("run interrupted", run=run.id, job=run.name, worker=run.worker, now=run.state)


def _end(run: JobRun, **values: Any) -> bool:
    values.setdefault("ended_at", now())
    written = (
        update(JobRun)
        .where(JobRun.id == run.id, JobRun.attempts == run.attempts, JobRun.state.not_in(FINAL_STATES))
        .values(**values)
    )
    with transaction() as session:
        count = rows_changed(session, written)
    return count == 1


def _moved(run_id: str, before: str, after: str, **values: Any) -> Any:
    return update(JobRun).where(JobRun.id == run_id, JobRun.state == before).values(state=after, **values)


def _worth_another_try(run: JobRun, error: BaseException) -> bool:
    spec = current_catalog().specs.get(run.name)
    helps = isinstance(error, Exception) and not isinstance(error, PERMANENT)
    return spec is not None and helps and run.attempts <= spec.retries


def _retry_delay(attempts: int, error: BaseException) -> float:
    """Return seconds: what the other side asked for, else exponential with full jitter and a cap."""
    asked = error.facts.get("retry_after") if isinstance(error, EduPulseError) else None
    if isinstance(asked, int | float):
        return float(asked)
    ceiling = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (attempts - 1))
    return random.uniform(1.0, ceiling)  # noqa: S311 - spreads load, protects nothing


def _error_facts(error: BaseException) -> dict[str, str]:
    secrets = current_settings().secrets()
    trace = masked("".join(traceback.format_exception(error)), secrets)
    return {
        "error_class": type(error).__name__,
        "error_message": masked(str(error), secrets)[:2000],
        "error_traceback": trace[-TRACEBACK_CHARACTERS:],  # cut after masking: half a secret is not found
    }


def _plain(result: Any) -> Any:
    try:
        return json.loads(json.dumps(result))
    except (TypeError, ValueError):
        return repr(result)[:1000]
