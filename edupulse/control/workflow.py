"""The entrance for several jobs that belong together: checked, written as rows, and begun in the same commit."""

from __future__ import annotations

import inspect
from typing import Any

from sqlalchemy import Select, Update, insert, select, update
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import steps
from edupulse.control.actions import cancel_all
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.composition import Chain, Group, Part, Planned, Step, chain, group, plan, step
from edupulse.control.models import JobRun, Workflow, WorkflowStep
from edupulse.control.references import result_of, result_of_previous, results, without_results
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.transaction import rows_changed, transaction

__all__ = [
    "Chain",
    "Group",
    "Part",
    "Step",
    "cancel",
    "chain",
    "group",
    "result_of",
    "result_of_previous",
    "results",
    "start",
    "step",
]

NAME_LONGEST = 100  # characters
OF_STEP = frozenset({"key", "always"})  # what `step` takes for itself


def start(name: str, part: Part, *, then: Part | None = None, actor: str = "system") -> Workflow:
    """Accept a workflow; its first steps are queued when the transaction has committed.

    `then` begins when all of `part` is over. Raises Invalid for an unknown job, for arguments that do not fit
    as far as they are known, and for a result that is not there by then; nothing is written in that case.
    """
    if not 1 <= len(name) <= NAME_LONGEST:
        raise Invalid("A workflow needs a name.", cure=f"Use 1 to {NAME_LONGEST} characters.")
    planned = plan(part if then is None else chain(part, then))
    for one in planned:
        _check(one)
    with transaction() as session:
        workflow = Workflow(name=name, state="running", actor=actor, created_at=now())
        session.add(workflow)
        session.flush()
        session.execute(insert(WorkflowStep), [_row(workflow.id, one) for one in planned])
        steps.go_on(session, workflow.id)
    return workflow


def cancel(workflow_id: int, *, actor: str, reason: str = "") -> int:
    """Stop a workflow: what waits never begins, what runs is asked to stop; return how many steps that were.

    Steps with `always` still run when what they need is over. It may be repeated as long as something runs.
    Raises NotFound, and Conflict when the workflow is over.
    """
    with transaction() as session:
        _hold(session, workflow_id)
        waiting = rows_changed(session, _never_to_begin(workflow_id))
        running = list(session.scalars(_running(workflow_id)))
        facts = {
            "before": {"state": "running"},
            "after": {"never_to_begin": waiting, "asked_to_stop": len(running)},
        }
        audit.record(actor, "workflow.cancel", f"workflow:{workflow_id}", reason=reason, **facts)
        steps.go_on(session, workflow_id)
    # Not in the same transaction: whoever ends a run holds it and waits for the workflow, never the other way.
    return waiting + (cancel_all(running, actor, reason) if running else 0)


def _hold(session: Session, workflow_id: int) -> None:
    """Keep a workflow that is under way from others until the transaction ends."""
    if steps.lock(session, workflow_id=workflow_id) is None:
        raise NotFound(f"There is no workflow {workflow_id}.", cure="See `python cli.py workflows list`.")
    state = session.scalar(select(Workflow.state).where(Workflow.id == workflow_id))
    if state != "running":
        raise Conflict(
            f"The workflow is {state} already.", cure="There is nothing to stop.", workflow=workflow_id
        )


def _never_to_begin(workflow_id: int) -> Update:
    waiting = (WorkflowStep.state == "waiting") & WorkflowStep.always.is_(False)
    stopped = update(WorkflowStep).where(WorkflowStep.workflow_id == workflow_id, waiting)
    return stopped.values(state="cancelled").execution_options(synchronize_session=False)


def _running(workflow_id: int) -> Select[str]:
    of_it = (WorkflowStep.workflow_id == workflow_id) & (WorkflowStep.state == "running")
    return select(JobRun.id).join(WorkflowStep, WorkflowStep.run_id == JobRun.id).where(of_it)


def _check(one: Planned) -> None:
    spec: JobSpec = current_catalog().get(one.job)
    taken = OF_STEP & inspect.signature(spec.function).parameters.keys()
    if taken:
        raise Invalid(f"Job {one.job}: its parameter {min(taken)!r} is one of step's own.", cure="Rename it.")
    spec.check(without_results(one.arguments))


def _row(workflow_id: int, one: Planned) -> dict[str, Any]:
    return {
        "workflow_id": workflow_id,
        "key": one.key,
        "job": one.job,
        "arguments": one.arguments,
        "needs": list(one.needs),
        "always": one.always,
        "state": "waiting",
    }
