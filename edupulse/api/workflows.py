"""`/workflows`: jobs that belong together, how far they have come, and a way to stop them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from edupulse.api.answers import page_of
from edupulse.api.gate import actor
from edupulse.api.idempotency import unkeyed
from edupulse.api.job_facts import Job, facts_of_run
from edupulse.api.job_words import Reason
from edupulse.api.noun import Noun
from edupulse.api.schema import Paged, PageOf, Shown
from edupulse.control import workflow as control
from edupulse.control import workflow_history
from edupulse.control.models import Workflow as Row
from edupulse.control.models import WorkflowStep as StepRow
from edupulse.control.workflow_history import Line

noun = Noun("workflows", __name__, url_prefix="/workflows")

State = Literal["running", "finished", "failed", "cancelled"]


class WorkflowFacts(Shown):
    """Several jobs that belong together."""

    id: int
    name: str
    status: State
    actor: str
    timestamp: datetime
    ended_at: datetime | None


class Workflow(WorkflowFacts):
    """One workflow in a list: how many steps it has, and how many of them are over."""

    steps: int
    over: int


class Step(Shown):
    """One job of a workflow; it has a run once it may begin."""

    key: str
    job: str
    status: Literal["waiting", "running", "finished", "failed", "cancelled"]
    needs: list[str]
    always: bool  # it runs also when what it needs has failed
    arguments: dict[str, Any]
    run: Job | None


class WorkflowInFull(WorkflowFacts):
    """One workflow with its steps, in the order of its plan."""

    steps: list[Step]


class WhichWorkflows(Paged):
    """Those in this state, or all."""

    status: State | None = None


class StoppedWorkflow(Shown):
    """So many steps were stopped; what runs is asked to stop."""

    id: int
    steps_stopped: int


@noun.get("/", query=WhichWorkflows, gives=PageOf[Workflow])
def list_workflows(query: WhichWorkflows) -> dict[str, Any]:
    """List workflows, newest first."""
    return page_of(workflow_history.workflows(query.status or "", **query.page()), _line)


@noun.get("/<int:workflow_id>/", gives=WorkflowInFull)
def show(workflow_id: int) -> dict[str, Any]:
    """Return one workflow with its steps."""
    shown = workflow_history.workflow(workflow_id)
    steps = [
        {**_step(step), "run": facts_of_run(run) if run is not None else None} for step, run in shown.steps
    ]
    return {**_facts(shown.workflow), "steps": steps}


@noun.post("/<int:workflow_id>/cancel/", body=Reason, gives=StoppedWorkflow)
@unkeyed  # it takes two transactions, one after the other; done again it stops what still runs
def cancel(workflow_id: int, body: Reason) -> dict[str, Any]:
    """Stop what runs of it, and begin nothing more."""
    stopped = control.cancel(workflow_id, actor=actor(), reason=body.reason or "")
    return {"id": workflow_id, "steps_stopped": stopped}


def _facts(row: Row) -> dict[str, Any]:
    names = ("id", "name", "actor", "ended_at")
    return {
        "status": row.state,
        "timestamp": row.created_at,
        **{name: getattr(row, name) for name in names},
    }


def _line(line: Line) -> dict[str, Any]:
    return {**_facts(line.workflow), "steps": line.steps, "over": line.over}


def _step(step: StepRow) -> dict[str, Any]:
    return {
        "status": step.state,
        **{name: getattr(step, name) for name in ("key", "job", "needs", "always", "arguments")},
    }
