"""A step that may begin is given its run, with the results that its arguments name."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.catalog import current_catalog
from edupulse.control.enqueue import enqueue
from edupulse.control.models import JobRun, Workflow, WorkflowStep
from edupulse.control.references import filled, named
from edupulse.errors import Invalid
from edupulse.logs import get_logger
from edupulse.transaction import rows_changed

log = get_logger(__name__)

# Tables, not classes: the ORM would look through its session after each of these.
_steps, _workflows = cast(Table, WorkflowStep.__table__), cast(Table, Workflow.__table__)


def begin(session: Session, ids: Sequence[int]) -> None:
    """Make the runs of these waiting steps; one whose run could not be made has failed."""
    for step in _facts(session, ids):
        _begin(session, step)
    session.flush()


def fill_again(session: Session, step_id: int) -> None:
    """Give a run that never began its arguments anew: those of a refused one were not to be had.

    Raises Invalid when they still are not.
    """
    for step in _facts(session, [step_id]):
        arguments = _arguments(session, step)
        current_catalog().get(step.job).check(arguments)
        of_step = update(JobRun).where(JobRun.id == step.run_id, JobRun.attempts == 0)
        session.execute(of_step.values(arguments=arguments))


def _facts(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    if not ids:
        return ()
    columns = (_steps.c[name] for name in ("id", "workflow_id", "job", "arguments", "run_id"))
    wanted = select(*columns, _workflows.c.actor).where(_steps.c.id.in_(ids)).order_by(_steps.c.id)
    return session.execute(wanted.join(_workflows, _workflows.c.id == _steps.c.workflow_id)).all()


def _begin(session: Session, step: Any) -> None:
    its = _steps.c.id == step.id
    if not rows_changed(
        session, update(_steps).where(its, _steps.c.state == "waiting").values(state="running")
    ):
        return  # somebody was faster, and has made its run
    try:
        run = enqueue(step.job, actor=step.actor, **_arguments(session, step))
    except Invalid as error:
        # The run before has ended and must be recorded, so this may not undo the transaction.
        values = {"state": "failed", "run_id": _record_refusal(session, step, error)}
    else:
        run.workflow_step_id = step.id
        values = {"run_id": run.id}
    session.execute(update(_steps).where(its).values(**values))


def _arguments(session: Session, step: Any) -> dict[str, Any]:
    """Return the arguments with the results they name; raises Invalid."""
    keys = named(step.arguments)
    if not keys:
        return dict(step.arguments)
    known = select(_steps.c.key, JobRun.result).join(JobRun, JobRun.id == _steps.c.run_id)
    rows = session.execute(known.where(_steps.c.workflow_id == step.workflow_id, _steps.c.key.in_(keys)))
    return filled(step.arguments, {row.key: row.result for row in rows})


def _record_refusal(session: Session, step: Any, error: Invalid) -> str:
    """Write a failed run that says why the step could not begin; return its id."""
    spec, moment = current_catalog().specs.get(step.job), now()
    row = {
        "id": f"refused-{secrets.token_hex(10)}",
        "name": step.job,
        "queue": spec.queue if spec else "default",
        "state": "failed",
        "arguments": step.arguments,
        "actor": step.actor,
        "workflow_step_id": step.id,
        "created_at": moment,
        "available_at": moment,
        "ended_at": moment,
        "error_class": type(error).__name__,
        "error_message": str(error),
    }
    session.execute(insert(JobRun), [row])
    log.error("step cannot begin", step=step.id, job=step.job, reason=str(error))
    return str(row["id"])
