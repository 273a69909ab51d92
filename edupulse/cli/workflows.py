"""`workflows`: jobs that belong together, how far they have come, and a way to stop them."""

from __future__ import annotations

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.control import workflow as control
from edupulse.control import workflow_history
from edupulse.control.models import JobRun, WorkflowStep
from edupulse.control.workflow_history import STATES, Line, Shown


@click.group(cls=Noun)
def workflows() -> None:
    """Workflows: jobs that belong together."""


@workflows.command("list")
@click.option("--state", type=click.Choice(STATES), default=None, help="Only workflows in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_workflows(state: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List workflows, newest first."""
    page = workflow_history.workflows(state or "", cursor, limit)
    rows = [_line(line) for line in page.items]
    columns = ("id", "name", "state", "over", "steps", "created_at", "ended_at", "actor")
    show_page(rows, columns, page.next, as_json=as_json, empty="No workflow matches.")


@workflows.command()
@click.argument("workflow_id", type=ROW_NUMBER)
@json_option
def show(workflow_id: int, as_json: bool) -> None:
    """Show one workflow with its steps."""
    _print(workflow_history.workflow(workflow_id), as_json=as_json)


@workflows.command()
@click.argument("workflow_id", type=ROW_NUMBER)
@click.option("--reason", default="", help="Why; it stands in the audit log and on the runs.")
@json_option
def cancel(workflow_id: int, reason: str, as_json: bool) -> None:
    """Stop what runs of a workflow, and begin nothing more of it."""
    stopped = control.cancel(workflow_id, actor=actor(), reason=reason)
    show_facts({"id": workflow_id, "steps_stopped": stopped}, as_json=as_json)


def _line(line: Line) -> dict[str, object]:
    workflow = line.workflow
    names = ("id", "name", "state", "actor", "created_at", "ended_at")
    facts: dict[str, object] = {name: getattr(workflow, name) for name in names}
    return {**facts, "over": line.over, "steps": line.steps}


def _print(shown: Shown, *, as_json: bool) -> None:
    workflow, steps = shown.workflow, [_step(step, run) for step, run in shown.steps]
    names = ("id", "name", "state", "actor", "created_at", "ended_at")
    facts: dict[str, object] = {name: getattr(workflow, name) for name in names}
    if as_json:
        print_json({**facts, "steps": steps})
        return
    show_facts(facts, as_json=False)
    columns = ("key", "job", "state", "needs", "run_id", "took", "error")
    show_rows(steps, columns, as_json=False, empty="It has no steps.")


def _step(step: WorkflowStep, run: JobRun | None) -> dict[str, object]:
    names = ("key", "job", "state", "needs", "always", "run_id")
    facts: dict[str, object] = {name: getattr(step, name) for name in names}
    took = run.ended_at - run.started_at if run and run.ended_at and run.started_at else None
    facts["took"] = None if took is None else f"{took.total_seconds():.1f} s"
    facts["error"] = f"{run.error_class}: {run.error_message}" if run and run.error_class else None
    return facts
