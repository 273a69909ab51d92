"""A run that ended badly is tried again with a fresh budget, as the same run: its keys and its history stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import hours, missed, steps
from edupulse.control.actions.selection import (
    Selection,
    chosen_by,
    held,
    in_one_piece,
    in_words,
    slices,
)
from edupulse.control.catalog import current_catalog
from edupulse.control.messages import push
from edupulse.control.models import FINAL_STATES, OPEN_ROWS, JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Invalid
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, look_anew

RETRIABLE = ("failed", "cancelled", "interrupted")
_LOOKED_AT = (
    JobRun.name,
    JobRun.created_at,
    JobRun.state,
    JobRun.unique_key,
    JobRun.attempts,
    JobRun.workflow_step_id,
)

log = get_logger(__name__)


def retry(run_id: str, actor: str) -> JobRun:
    """Queue a run again that failed, was cancelled or interrupted; its error stays until it ends anew.

    Raises NotFound; Conflict for other states, and when another run has its unique key by now.
    """

    def order(session: Session) -> JobRun:
        run = held(session, run_id)
        before = run.state
        current_catalog().get(run.name)  # raises Invalid: nobody could run it
        if reason := _reason_against(run):
            raise Conflict(reason, cure="Send the job anew instead.", run=run_id, state=before)
        if not _reopen_alone(session, run):
            raise _key_taken(session, run)
        after = held(session, run_id)
        states = {"before": {"state": before}, "after": {"state": after.state}}
        audit.record(actor, "job.retry", f"job:{run_id}", attempts=run.attempts, **states)
        return after

    return in_one_piece(order)


def retry_all(selection: Selection, actor: str, *, dry_run: bool = False) -> int:
    """Queue again the runs of `selection` that ended badly; return how many.

    Passed by: what is in another state, what the catalog does not know any more, what its workflow refuses, and
    all but the latest of those with the same unique key. One audit entry stands for all.
    """
    if dry_run:
        look_anew()
        return len(_plan(db.session(), selection))

    def order(session: Session) -> int:
        reopened = sum(_reopen_slice(session, piece) for piece in slices(_plan(session, selection)))
        if reopened:
            audit.record(actor, "jobs.retry", "jobs", count=reopened, **in_words(selection))
        return reopened

    return in_one_piece(order)


def _reason_against(run: JobRun) -> str | None:
    if run.state not in RETRIABLE:
        return f"Only a run that failed, was cancelled or interrupted can be tried again; this one is {run.state}."
    if run.error_class == missed.ERROR_CLASS:
        return "This line only records occurrences that did not run; there is no run to repeat."
    return None


def _plan(session: Session, selection: Selection) -> list[JobRun]:
    """Return the runs to try again, of those with the same unique key only the latest."""
    wanted = (
        select(JobRun)
        .options(load_only(*_LOOKED_AT))  # tracebacks of thousands would fill the memory
        .where(JobRun.state.in_(RETRIABLE), chosen_by(selection), JobRun.name.in_(current_catalog().specs))
        .where(JobRun.error_class.is_distinct_from(missed.ERROR_CLASS))
        .order_by(JobRun.created_at.desc(), JobRun.id)
    )
    rows = session.scalars(wanted).all()
    taken = set(session.scalars(select(JobRun.unique_key).where(OPEN_ROWS, JobRun.unique_key.is_not(None))))
    return list(_free(rows, taken))


def _free(rows: Iterable[JobRun], taken: set[str | None]) -> Iterable[JobRun]:
    for run in rows:
        if run.state == "interrupted" or run.unique_key is None or run.unique_key not in taken:
            yield run
            taken.add(run.unique_key)


def _reopen_slice(session: Session, runs: Sequence[JobRun]) -> int:
    try:
        with session.begin_nested():
            return _reopen(session, runs)
    except (
        IntegrityError,
        Invalid,
    ):  # one cannot: its key was taken this very moment, or its workflow refuses
        return sum(_reopen_if_it_can(session, run) for run in runs)


def _reopen_if_it_can(session: Session, run: JobRun) -> bool:
    try:
        return _reopen_alone(session, run)
    except Invalid as error:
        log.warning("run not queued again", run=run.id, reason=str(error))
        return False


def _reopen_alone(session: Session, run: JobRun) -> bool:
    """Reopen one run whose key may be taken; False when it is."""
    if run.state != "interrupted" and _holder(session, run) is not None:
        return False
    try:
        with session.begin_nested():
            return _reopen(session, [run]) == 1
    except IntegrityError:
        return False


def _reopen(session: Session, runs: Sequence[JobRun]) -> int:
    by_name: dict[str, list[JobRun]] = {}
    for run in runs:
        by_name.setdefault(run.name, []).append(run)
    return sum(_reopen_namesakes(session, name, some) for name, some in by_name.items())


def _reopen_namesakes(session: Session, name: str, runs: Sequence[JobRun]) -> int:
    budget = current_catalog().get(name).retries + 1
    fresh = (
        update(JobRun)
        .where(JobRun.id.in_([run.id for run in runs]), JobRun.state.in_(RETRIABLE))
        .values(
            state="queued", available_at=now(), ended_at=None, max_attempts=JobRun.attempts + budget, deaths=0
        )
        .values(cancel_requested_at=None, cancel_actor=None, cancel_reason=None)
        .values(progress_done=None, progress_total=None, progress_note=None)
        .returning(JobRun.id)
        .execution_options(synchronize_session=False)
    )
    moved = set(session.scalars(fresh))
    hours.reopen(session, [(name, run.created_at) for run in runs if run.id in moved])
    for run in (run for run in runs if run.id in moved):
        after_commit(push, run.id)
        if run.workflow_step_id is not None and run.state in FINAL_STATES:
            steps.reopened(session, run.workflow_step_id)
    return len(moved)


def _holder(session: Session, run: JobRun) -> JobRun | None:
    if run.unique_key is None:
        return None
    same: ColumnElement[bool] = (JobRun.unique_key == run.unique_key) & (JobRun.id != run.id)
    return session.scalars(select(JobRun).where(OPEN_ROWS, same)).first()


def _key_taken(session: Session, run: JobRun) -> Conflict:
    holder = _holder(session, run)
    who = f"{holder.id} ({holder.state})" if holder else "another run"
    return Conflict(
        f"The key {run.unique_key!r} is held by {who}; only one run may have it at a time.",
        cure="Wait until that one is over, or cancel it.",
        run=run.id,
        holder=holder.id if holder else None,
    )
