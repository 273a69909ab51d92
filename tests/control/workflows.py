"""A small catalog for workflows, and words to read from the ledger what became of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from edupulse.control.catalog import Catalog, JobSpec
from edupulse.control.models import JobRun, Workflow, WorkflowStep
from edupulse.database import db
from edupulse.errors import Invalid, Unavailable
from jobs.recorded import recorded

broken: set[str] = set()  # words that `t.say` cannot say at the moment


@recorded
def say(word: Any = "", also: Any = None) -> dict[str, Any]:
    """Return what it was given."""
    if isinstance(word, str) and word in broken:
        raise Invalid(f"{word} cannot be said.")
    return {"word": word, "also": also}


@recorded
def flaky() -> None:
    """Fail in a way that is tried again."""
    raise Unavailable("Not now.")


@recorded
def long() -> str:
    """Return more than an argument may have."""
    return "x" * 200_000


@recorded
def awkward(always: bool) -> None:
    """Have a parameter that `step` takes for itself."""


CATALOG = Catalog.of(
    [
        JobSpec("t.say", say, "default", "Say a word."),
        JobSpec("t.flaky", flaky, "default", "Fail for a while."),
        JobSpec("t.long", long, "default", "Say too much."),
        JobSpec("t.awkward", awkward, "default", "Has an awkward parameter."),
    ]
)


def state_of(workflow_id: int) -> str:
    db.session.rollback()
    return db.session.get_one(Workflow, workflow_id, populate_existing=True).state


def states_of(workflow_id: int) -> dict[str, str]:
    """Return the state of each step by key."""
    db.session.rollback()
    rows = db.session.execute(
        select(WorkflowStep.key, WorkflowStep.state)
        .where(WorkflowStep.workflow_id == workflow_id)
        .order_by(WorkflowStep.id)
    )
    return {row.key: row.state for row in rows}


def run_of(workflow_id: int, key: str) -> JobRun:
    """Return the run of a step."""
    db.session.rollback()
    its = (WorkflowStep.workflow_id == workflow_id) & (WorkflowStep.key == key)
    run = select(JobRun).join(WorkflowStep, WorkflowStep.run_id == JobRun.id).where(its)
    return db.session.scalars(run.execution_options(populate_existing=True)).one()


def runs() -> list[JobRun]:
    """Return all runs."""
    db.session.rollback()
    return list(db.session.scalars(select(JobRun).execution_options(populate_existing=True)))
