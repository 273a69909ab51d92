"""What the doors ask about workflows: a list with how far each has come, and one with its steps and their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from edupulse.control.models import JobRun, Workflow, WorkflowStep
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of

STATES = ("running", "finished", "failed", "cancelled")
STEP_STATES = ("waiting", *STATES)


@dataclass(frozen=True)
class Line:
    """One workflow in a list: how many of its steps are in which state."""

    workflow: Workflow
    counts: dict[str, int]

    @property
    def steps(self) -> int:
        return sum(self.counts.values())

    @property
    def over(self) -> int:
        return self.steps - self.counts.get("waiting", 0) - self.counts.get("running", 0)


@dataclass(frozen=True)
class Shown:
    """One workflow with its steps in the order of the plan, each with its run, once it has one."""

    workflow: Workflow
    steps: list[tuple[WorkflowStep, JobRun | None]]


def workflows(state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page[Line]:
    """Return a page of workflows, newest first, of one state or all; raises Invalid for a bad cursor."""
    wanted = select(Workflow).where(Workflow.state == state) if state else select(Workflow)
    page = page_of(wanted, Order(Workflow.created_at, Workflow.id), cursor=cursor, size=size)
    counts = _counts([workflow.id for workflow in page.items])
    lines = [Line(workflow, counts.get(workflow.id, {})) for workflow in page.items]
    return Page(lines, page.previous, page.next)


def workflow(workflow_id: int) -> Shown:
    """Return one workflow; raises NotFound."""
    found = db.session.get(Workflow, workflow_id)
    if found is None:
        raise NotFound(f"There is no workflow {workflow_id}.", workflow_id=workflow_id)
    steps = select(WorkflowStep, JobRun).outerjoin(JobRun, JobRun.id == WorkflowStep.run_id)
    rows = db.session.execute(steps.where(WorkflowStep.workflow_id == workflow_id).order_by(WorkflowStep.id))
    return Shown(found, [(step, run) for step, run in rows])


def _counts(ids: Sequence[int]) -> dict[int, dict[str, int]]:
    counted = select(WorkflowStep.workflow_id, WorkflowStep.state, func.count())
    grouped = counted.where(WorkflowStep.workflow_id.in_(ids)).group_by(
        WorkflowStep.workflow_id, WorkflowStep.state
    )
    found: dict[int, dict[str, int]] = {}
    for workflow_id, state, count in db.session.execute(grouped):
        found.setdefault(workflow_id, {})[state] = count
    return found
