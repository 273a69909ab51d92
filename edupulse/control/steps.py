"""A step of a workflow is over: in the same transaction, what waited for it begins, or never will."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.models import Workflow, WorkflowStep
from edupulse.control.step_runs import begin, fill_again
from edupulse.control.step_states import OPEN, StepState, decide, end_of, has_candidates, revived
from edupulse.logs import get_logger
from edupulse.transaction import rows_changed

log = get_logger(__name__)

# Tables, not classes: the ORM would look through its session after each of these.
_steps, _workflows = cast(Table, WorkflowStep.__table__), cast(Table, Workflow.__table__)


def ended(session: Session, step_id: int, state: str) -> None:
    """Move the workflow on inside the transaction that ended the step's run; `state` is the run's final one.

    Told twice, it does nothing the second time.
    """
    workflow_id = lock(session, step_id=step_id)
    if workflow_id is not None and _move(session, [step_id], ("running",), state):
        go_on(session, workflow_id)


def reopened(session: Session, step_id: int) -> None:
    """Let the workflow go on, inside the transaction that queued the run of a failed or cancelled step again.

    What was cancelled because of it waits again; what ran all the same (`always`) is not repeated.
    Raises Invalid when the arguments of a run that never began still cannot be had.
    """
    workflow_id = lock(session, step_id=step_id)
    if workflow_id is None or not _move(session, [step_id], ("failed", "cancelled"), "running"):
        return
    _move(session, revived(_states(session, workflow_id), step_id), ("cancelled",), "waiting")
    this = update(_workflows).where(_workflows.c.id == workflow_id)
    session.execute(this.values(state="running", ended_at=None))
    fill_again(session, step_id)


def lock(session: Session, *, step_id: int | None = None, workflow_id: int | None = None) -> int | None:
    """Let no other transaction move this workflow before ours is over; return its id, None if there is none.

    Else two that end the last two members of a group would each see the other's as unfinished, and nobody
    would begin what follows. SQLite has one writer at a time anyway.
    """
    of_step = select(_steps.c.workflow_id).where(_steps.c.id == step_id).scalar_subquery()
    wanted = _workflows.c.id == (of_step if workflow_id is None else workflow_id)
    return session.scalar(select(_workflows.c.id).where(wanted).with_for_update())


def go_on(session: Session, workflow_id: int) -> None:
    """Begin what can begin, cancel what cannot any more, and close the workflow behind its last step.

    The caller has locked it.
    """
    # Once more after each change: a step whose run could not be made has failed, and something follows from that.
    while has_candidates(open_steps := _states(session, workflow_id, OPEN)):
        ready, never = decide(_states(session, workflow_id))
        _move(session, never, ("waiting",), "cancelled")
        begin(session, ready)
        if not (ready or never):
            break
    if not open_steps:
        _close(session, workflow_id)


def _close(session: Session, workflow_id: int) -> None:
    state = end_of(step.state for step in _states(session, workflow_id))
    this = update(_workflows).where(_workflows.c.id == workflow_id, _workflows.c.state == "running")
    session.execute(this.values(state=state, ended_at=now()))
    log.info("workflow ended", workflow=workflow_id, state=state)


def _states(session: Session, workflow_id: int, only: Sequence[str] = ()) -> list[StepState]:
    """Return the steps, or those in the states `only`, in the order of the plan."""
    columns = (_steps.c[name] for name in StepState.__dataclass_fields__)
    wanted = select(*columns).where(_steps.c.workflow_id == workflow_id).order_by(_steps.c.id)
    if only:
        wanted = wanted.where(_steps.c.state.in_(only))
    return [StepState(*row) for row in session.execute(wanted)]


def _move(session: Session, ids: Sequence[int], before: tuple[str, ...], after: str) -> bool:
    """Move those of the steps that are in a state `before`; say whether any was."""
    if not ids:
        return False
    moved = update(_steps).where(_steps.c.id.in_(ids), _steps.c.state.in_(before)).values(state=after)
    return rows_changed(session, moved) > 0
