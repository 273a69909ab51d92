"""Runs as people look for them: by state, job, queue or a text, page by page, or one by its number."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, or_, select

from edupulse.control.models import OPEN_ROWS, JobRun, WorkflowStep
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of


@dataclass(frozen=True)
class RunFilter:
    """Which runs to list; an empty value means any."""

    state: str = ""
    name: str = ""
    queue: str = ""
    text: str = ""  # in the id, the arguments or the error

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return what holds for each run that matches."""
        exact = ((JobRun.state, self.state), (JobRun.name, self.name), (JobRun.queue, self.queue))
        found: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
        if self.text:
            found.append(or_(*(column.icontains(self.text, autoescape=True) for column in _SEARCHED)))
        return found


def runs(filters: RunFilter, cursor: str = "", size: int = PAGE_SIZE) -> Page[JobRun]:
    """Return a page of runs, newest first; raises Invalid for a bad cursor."""
    query = select(JobRun).where(*filters.conditions())
    return page_of(query, Order(JobRun.created_at, JobRun.id), cursor=cursor, size=size)


def run(run_id: str) -> JobRun:
    """Return one run; raises NotFound."""
    found = db.session.get(JobRun, run_id)
    if found is None:
        raise NotFound(f"There is no job run {run_id[:100]!r}.", run_id=run_id)
    return found


def holder_of_key(run: JobRun) -> str | None:
    """Return the id of another open run that has the unique key of `run`."""
    if run.unique_key is None:
        return None
    others = select(JobRun.id).where(OPEN_ROWS, JobRun.unique_key == run.unique_key, JobRun.id != run.id)
    return db.session.scalar(others)


def workflow_of(run: JobRun) -> int | None:
    """Return the number of the workflow that `run` belongs to."""
    if run.workflow_step_id is None:
        return None
    return db.session.scalar(select(WorkflowStep.workflow_id).where(WorkflowStep.id == run.workflow_step_id))


_SEARCHED = (JobRun.id, JobRun.name, JobRun.error_message, JobRun.error_class, cast(JobRun.arguments, String))
