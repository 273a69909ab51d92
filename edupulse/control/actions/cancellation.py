"""A run is called off: at once while it waits; while it runs, by a wish that its worker finds in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from redis.client import Pipeline
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.job import Job
from sqlalchemy import ColumnElement, Row, Update, case, literal, or_, update
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import steps
from edupulse.control.actions.selection import Selection, chosen_by, count, held, in_one_piece, in_words
from edupulse.control.catalog import lane
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.errors import Conflict
from edupulse.logs import get_logger
from edupulse.transaction import after_commit

LONGEST_REASON = 200  # characters, as the column
LOOKED_FOR = (
    100  # messages taken out of their list one by one; a worker skips the others, whose content is gone
)

log = get_logger(__name__)


def cancel(run_id: str, actor: str, reason: str = "") -> JobRun:
    """Call one run off; asking again for the same changes nothing.

    A run that waits is cancelled when this returns. One that runs is asked to stop: by itself within 5 s, else
    it is interrupted, else its process is ended. Raises NotFound, and Conflict when it is over already.
    """

    def order(session: Session) -> JobRun:
        run = held(session, run_id)
        if run.is_final:
            raise Conflict(
                f"The run is over: it has {_ENDS[run.state]}.", cure="There is nothing to stop.", run=run_id
            )
        before = run.state
        if _stop(session, JobRun.id == run_id, actor, reason):
            states = {"before": {"state": before}, "after": {"state": held(session, run_id).state}}
            audit.record(actor, "job.cancel", f"job:{run_id}", reason=reason, **states)
        elif run.worker:  # asked already, and perhaps not heard
            after_commit(_hint, (run.worker, run_id))
        return held(session, run_id)

    return in_one_piece(order)


def cancel_all(
    selection: Selection, actor: str, reason: str = "", *, waiting_only: bool = False, dry_run: bool = False
) -> int:
    """Call off the runs of `selection` that are not over, or only those that wait; return how many.

    What is over, or was asked to stop before, is passed by. One audit entry stands for all.
    """
    condition = chosen_by(selection)
    if waiting_only:
        condition &= JobRun.state != "started"
    if dry_run:
        return count(OPEN_ROWS, _not_asked(), condition)  # type: ignore[arg-type]

    def order(session: Session) -> int:
        stopped = len(_stop(session, condition, actor, reason))
        if stopped:
            audit.record(actor, "jobs.cancel", "jobs", count=stopped, reason=reason, **in_words(selection))
        return stopped

    return in_one_piece(order)


_ENDS = {"finished": "finished", "failed": "failed", "cancelled": "been cancelled"}


def _not_asked() -> ColumnElement[bool]:
    return or_(JobRun.state != "started", JobRun.cancel_requested_at.is_(None))


def _stop(session: Session, condition: ColumnElement[bool], actor: str, reason: str) -> list[Row[Any]]:
    """Cancel what waits, write the wish where it runs; return what was moved, with its state from now on."""
    moved = list(session.execute(_stopping(condition, actor, reason, now())))
    for run in moved:
        if run.state == "started":
            after_commit(_hint, (run.worker, run.id))
            continue
        after_commit(_withdraw, (run.id, lane(run.queue, run.priority)))
        if run.workflow_step_id is not None:
            steps.ended(session, run.workflow_step_id, "cancelled")
    return moved


def _stopping(condition: ColumnElement[bool], actor: str, reason: str, moment: datetime) -> Update:
    # One statement, so that no run slips from one state to the other between two.
    runs = JobRun.state == "started"
    words = f"Called off by {actor} before it could run{f': {reason}' if reason else '.'}"
    return (
        update(JobRun)
        .where(OPEN_ROWS, _not_asked(), condition)
        .values(
            state=case((runs, "started"), else_="cancelled"),
            ended_at=case((runs, JobRun.ended_at), else_=literal(moment, JobRun.ended_at.type)),
            error_class=case((runs, JobRun.error_class), else_="Cancelled"),
            error_message=case((runs, JobRun.error_message), else_=words),
            cancel_requested_at=moment,
            cancel_actor=actor,
            cancel_reason=reason[:LONGEST_REASON] or None,
        )
        .returning(
            JobRun.id, JobRun.state, JobRun.worker, JobRun.queue, JobRun.priority, JobRun.workflow_step_id
        )
        .execution_options(synchronize_session=False)
    )


def _hint(running: Iterable[tuple[str, str]]) -> None:
    """Tell the workers at once what they would find in the ledger within 2 s."""
    with redis_or_unavailable() as redis, redis.pipeline(transaction=False) as pipeline:
        for worker, run_id in running:
            command = f'{{"command": "stop-job", "job_id": "{run_id}"}}'  # ids are letters, digits, - and _
            pipeline.publish(PUBSUB_CHANNEL_TEMPLATE % worker, command)
        pipeline.execute()


def _withdraw(messages: list[tuple[str, str]]) -> None:
    """Take the messages of runs that are over out of Redis; one that stays harms nothing."""
    with redis_or_unavailable() as redis, redis.pipeline(transaction=False) as pipeline:
        for position, (run_id, queue) in enumerate(messages):
            _remove(pipeline, run_id, queue, from_list=position < LOOKED_FOR)
        pipeline.execute()


def _remove(pipeline: Pipeline, run_id: str, queue: str, *, from_list: bool) -> None:
    if from_list:  # a list is searched from its beginning to its end
        pipeline.lrem(f"rq:queue:{queue}", 0, run_id)
    pipeline.unlink(Job.key_for(run_id))
