"""A run that waits is handed to Redis once more, and one that waits for its next try is due at once."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Update, case, literal, update
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control.actions.selection import Selection, chosen_by, count, held, in_one_piece, in_words
from edupulse.control.messages import push
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.errors import Conflict
from edupulse.transaction import after_commit

WAITING = ("queued", "deferred")


def requeue(run_id: str, actor: str) -> JobRun:
    """Push a run again that waits; a second message is harmless. Raises NotFound, Conflict for other states."""

    def order(session: Session) -> JobRun:
        run = held(session, run_id)
        before = run.state
        if before not in WAITING:
            words = f"Only a run that waits can be pushed again; this one is {before}."
            raise Conflict(words, cure="Retry it, if it has failed.", run=run_id, state=before)
        _push_again(session, JobRun.id == run_id)
        states = {"before": {"state": before}, "after": {"state": "queued"}}
        audit.record(actor, "job.requeue", f"job:{run_id}", **states)
        return held(session, run_id)

    return in_one_piece(order)


def requeue_all(selection: Selection, actor: str, *, dry_run: bool = False) -> int:
    """Push the runs of `selection` again that wait; return how many. One audit entry stands for all."""
    condition = chosen_by(selection)
    if dry_run:
        return count(JobRun.state.in_(WAITING), condition)

    def order(session: Session) -> int:
        pushed = _push_again(session, condition)
        if pushed:
            audit.record(actor, "jobs.requeue", "jobs", count=pushed, **in_words(selection))
        return pushed

    return in_one_piece(order)


def _push_again(session: Session, condition: Any) -> int:
    ids = list(session.scalars(_due_now(condition)))
    for run_id in ids:
        after_commit(push, run_id)
    return len(ids)


def _due_now(condition: Any) -> Update:
    waits = JobRun.state == "queued"
    return (
        update(JobRun)
        .where(OPEN_ROWS, JobRun.state.in_(WAITING), condition)
        .values(
            state="queued",
            available_at=case((waits, JobRun.available_at), else_=literal(now(), JobRun.available_at.type)),
        )
        .returning(JobRun.id)
        .execution_options(synchronize_session=False)
    )
