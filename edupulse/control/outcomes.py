"""How an attempt ended is written down: once, by that attempt alone, with what follows from it."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, case, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control import steps
from edupulse.control.catalog import current_catalog
from edupulse.control.fingerprint import fingerprint
from edupulse.control.messages import push
from edupulse.control.models import FINAL_STATES, OPEN_ROWS, JobRun
from edupulse.control.run import Failure, Outcome, Run
from edupulse.transaction import after_commit, rows_changed

FIRST_RETRY_SECONDS = 40.0  # of a thousand that failed together no second gets more than a twentieth
LAST_RETRY_SECONDS = 600.0
RESULT_CHARACTERS = 100_000  # of JSON; what is larger belongs into a file or a table of its own

_runs = JobRun.__table__  # not the class: the ORM would look through its session after each statement

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
        error_fingerprint=None,
    )
)


def write_all(session: Session, outcomes: Sequence[Outcome], worker: str) -> None:
    """Write what `worker` has brought to an end, or gives back."""
    if unbegun := [outcome.run for outcome in outcomes if outcome.state == "returned"]:
        _give_back(session, unbegun, worker)
    if ordinary := [_finished(outcome) for outcome in outcomes if _is_ordinary(outcome)]:
        session.connection().execute(_FINISH, ordinary)
    # Each locks its workflow: in one order for all workers, else two of them could wait for each other.
    for outcome in sorted(outcomes, key=lambda one: one.run.workflow_step_id or 0):
        if not _is_ordinary(outcome) and outcome.state != "returned":
            write_one(session, outcome)


def _give_back(session: Session, runs: Sequence[Run], worker: str) -> None:
    """Queue runs again to which `worker` did not come, as if it had not begun them."""
    for run in runs:
        # The number of the attempt is given out again, so it does not tell this worker from the next.
        unbegun = (
            update(_runs)  # type: ignore[arg-type]
            .where(
                _runs.c.id == run.id, _runs.c.attempts == run.attempts, _runs.c.worker == worker, OPEN_ROWS
            )
            .values(
                state=_unless_cancelled("queued"), attempts=run.attempts - 1, worker=None, started_at=None
            )
            .returning(_runs.c.state)
        )
        _follow(session, run, session.scalar(unbegun))


def _is_ordinary(outcome: Outcome) -> bool:
    return outcome.state == "finished" and outcome.run.workflow_step_id is None


def write_one(session: Session, outcome: Outcome) -> bool:
    """Write one outcome; False when another attempt has taken the run over."""
    state = _end(session, outcome)
    _follow(session, outcome.run, state)
    return state is not None


def _follow(session: Session, run: Run, state: str | None) -> None:
    """Do what the new state of a run asks for."""
    if state == "queued":
        after_commit(push, run.id)
    if state in FINAL_STATES and run.workflow_step_id is not None:
        steps.ended(session, run.workflow_step_id, state)


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
    values = _facts(outcome)
    if outcome.state == "failed" and (delay := retry_delay(outcome)) is not None:
        return "deferred", {**values, "available_at": now() + timedelta(seconds=delay)}
    if outcome.state == "interrupted":
        # It was not the job's fault: the attempt is given back.
        values |= {"available_at": now(), "max_attempts": _runs.c.max_attempts + 1}
        return after_interruption(outcome.run.name), values
    return outcome.state, values


def after_interruption(name: str) -> str:
    """Return what becomes, by the policy of its job, of a run that could not be brought to its end."""
    spec = current_catalog().specs.get(name)
    if spec is not None and spec.on_interrupt == "ask":
        return "interrupted"
    return "queued" if spec is not None and spec.on_interrupt == "retry" else "failed"


def _facts(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure or Failure(outcome.state.capitalize(), "")
    name, is_failure = outcome.run.name, outcome.state in ("failed", "interrupted")
    return {
        "ended_at": outcome.ended_at,
        "error_class": failure.error_class,
        "error_message": failure.message,
        "error_traceback": failure.traceback or None,
        "error_fingerprint": fingerprint(name, failure.error_class, failure.message) if is_failure else None,
    }


def retry_delay(outcome: Outcome) -> float | None:
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
