"""The life of a run after it was accepted: begun once, ended once, never overwritten by a ghost."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, exists, or_, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control import steps
from edupulse.control.catalog import current_catalog
from edupulse.control.messages import push
from edupulse.control.models import FINAL_STATES, OPEN_ROWS, JobRun, Pause
from edupulse.control.run import Failure, Outcome, Run
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, rows_changed, transaction

FIRST_RETRY_SECONDS = 40.0  # of a thousand that failed together no second gets more than a twentieth
LAST_RETRY_SECONDS = 600.0
RELEASE_BATCH = 500
RESULT_CHARACTERS = 100_000  # of JSON; what is larger belongs into a file or a table of its own

log = get_logger(__name__)

# Tables, not classes: the ORM would look through its session after each of these.
_runs, _pauses = JobRun.__table__, Pause.__table__

_IS_PAUSED = exists().where(
    or_(
        (_pauses.c.scope == "queue") & (_pauses.c.name == _runs.c.queue),
        (_pauses.c.scope == "job") & (_pauses.c.name == _runs.c.name),
    ),
    or_(_pauses.c.until.is_(None), _pauses.c.until > bindparam("moment")),
)
_CLAIM = (
    update(_runs)  # type: ignore[arg-type]
    .where(_runs.c.id.in_(bindparam("ids", expanding=True)), _runs.c.state == "queued", ~_IS_PAUSED)
    .values(
        state="started",
        worker=bindparam("by"),
        started_at=bindparam("moment"),
        ended_at=None,
        attempts=_runs.c.attempts + 1,
    )
    .returning(*(_runs.c[name] for name in Run.__slots__))
)
_FINISH = (
    update(_runs)  # type: ignore[arg-type]
    .where(_runs.c.id == bindparam("run_id"), _runs.c.attempts == bindparam("attempt"))
    .where(OPEN_ROWS)
    .values(
        state="finished",
        result=bindparam("result"),
        ended_at=bindparam("ended_at"),
        error_class=None,
        error_message=None,
        error_traceback=None,
    )
)


def turn(run_ids: Sequence[str], outcomes: Sequence[Outcome], *, worker: str) -> list[Run]:
    """Write how attempts ended and claim these queued runs for `worker`, in one commit; return those that are ours.

    Not ours: what somebody else has, what is over, and what is paused. An outcome is written only while its
    attempt is the last one.
    """
    # Lost in a power cut, a run is as it was before: its worker is gone as well, and it is begun again.
    with transaction(durable=False) as session:
        _write(session, [outcome for outcome in outcomes if not outcome.written])
        return _claim(session, run_ids, worker) if run_ids else []


def begin(run_id: str, worker: str) -> Run | None:
    """Claim one queued run for `worker`; None when somebody else has it or it is over."""
    return next(iter(turn([run_id], (), worker=worker)), None)


def finish(run: Run, result: Any) -> bool:
    """Record the result; False when another attempt has taken the run over."""
    return write(Outcome(run, "finished", result))


def fail(run: Run, error: BaseException) -> bool:
    """Record the error; try again later when that can help, else the run has failed."""
    spec = current_catalog().specs.get(run.name)
    return write(Outcome.of_error(run, error, spec.permanent if spec else ()))


def write(outcome: Outcome) -> bool:
    """Record how an attempt ended; False when another attempt has taken the run over."""
    with transaction() as session:
        return _write_one(session, outcome)


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


def _claim(session: Session, run_ids: Sequence[str], worker: str) -> list[Run]:
    rows = session.execute(_CLAIM, {"ids": list(run_ids), "by": worker, "moment": now()})
    return [Run(*row) for row in rows]


def _write(session: Session, outcomes: Sequence[Outcome]) -> None:
    if ordinary := [_finished(outcome) for outcome in outcomes if _is_ordinary(outcome)]:
        session.connection().execute(_FINISH, ordinary)
    # Each locks its workflow: in one order for all workers, else two of them could wait for each other.
    for outcome in sorted(outcomes, key=lambda one: one.run.workflow_step_id or 0):
        if not _is_ordinary(outcome):
            _write_one(session, outcome)


def _is_ordinary(outcome: Outcome) -> bool:
    return outcome.state == "finished" and outcome.run.workflow_step_id is None


def _write_one(session: Session, outcome: Outcome) -> bool:
    run, state = outcome.run, _end(session, outcome)
    if state == "queued":
        after_commit(push, run.id)
    if state in FINAL_STATES and run.workflow_step_id is not None:
        steps.ended(session, run.workflow_step_id, state)
    return state is not None


def _end(session: Session, outcome: Outcome) -> str | None:
    """Write the end of the attempt; return the state of the run now, None when another attempt has taken over."""
    if outcome.state == "finished":
        return "finished" if rows_changed(session, _FINISH, _finished(outcome)) else None
    state, values = _ended(outcome)
    ending = (
        update(_runs)  # type: ignore[arg-type]
        .where(_runs.c.id == outcome.run.id, _runs.c.attempts == outcome.run.attempts, OPEN_ROWS)
        .values(state=_unless_cancelled(state), **values)
        .returning(_runs.c.state)
    )
    written: str | None = session.scalar(ending)
    return written


def _unless_cancelled(state: str) -> Any:
    """A run that somebody wants to stop does not go again, also when its attempt ended by itself."""
    return (
        state
        if state in FINAL_STATES
        else case((_runs.c.cancel_requested_at.is_not(None), "cancelled"), else_=state)
    )


def _finished(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "run_id": run.id,
        "attempt": run.attempts,
        "result": plain(outcome.result),
        "ended_at": outcome.ended_at,
    }


def _ended(outcome: Outcome) -> tuple[str, dict[str, Any]]:
    """Return the state after an attempt that did not finish, and what is written with it."""
    given_back = {"max_attempts": _runs.c.max_attempts + 1}  # it was not the job's fault
    if outcome.state == "returned":
        return "queued", {**given_back, "worker": None, "started_at": None}
    values = _facts(outcome)
    if outcome.state == "failed" and (delay := _retry_delay(outcome)) is not None:
        return "deferred", {**values, "available_at": now() + timedelta(seconds=delay)}
    if outcome.state == "interrupted":
        return after_interruption(outcome.run.name), {**values, **given_back, "available_at": now()}
    return outcome.state, values


def after_interruption(name: str) -> str:
    """Return what becomes, by the policy of its job, of a run that could not be brought to its end."""
    spec = current_catalog().specs.get(name)
    if spec is not None and spec.on_interrupt == "ask":
        return "interrupted"
    return "queued" if spec is not None and spec.on_interrupt == "retry" else "failed"


def _facts(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure or Failure(outcome.state.capitalize(), "")
    return {
        "ended_at": outcome.ended_at,
        "error_class": failure.error_class,
        "error_message": failure.message,
        "error_traceback": failure.traceback or None,
    }


def _moved(run_id: str, before: str, after: str, **values: Any) -> Any:
    return update(JobRun).where(JobRun.id == run_id, JobRun.state == before).values(state=after, **values)


def _retry_delay(outcome: Outcome) -> float | None:
    """Return the seconds until the next try, or None when there is none.

    It is what the other side asked for, else exponential with full jitter and a cap, so that many runs that
    failed together come back one by one.
    """
    failure, run = outcome.failure, outcome.run
    if failure is None or not failure.temporary or run.attempts >= run.max_attempts:
        return None
    if failure.retry_after is not None:
        return failure.retry_after
    ceiling = min(LAST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** (run.attempts - 1))
    return random.uniform(1.0, ceiling)  # noqa: S311 - spreads load, protects nothing


def plain(result: Any) -> Any:
    """Return `result` as JSON can hold it, else the beginning of what Python shows for it; too much is not kept."""
    try:
        text = json.dumps(result)
    except (TypeError, ValueError):
        return repr(result)[:1000]
    if len(text) > RESULT_CHARACTERS:
        return {
            "not_kept": f"The result has {len(text):,} characters; at most {RESULT_CHARACTERS:,} are kept."
        }
    return json.loads(text)
