"""What has been kept long enough goes: old runs, workflows, workers and repeatable calls; the figures of hours stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, not_, select

from edupulse.accounts.models import IdempotentCall
from edupulse.config import current_settings
from edupulse.control.execution import check_stop
from edupulse.control.hours import HOUR, count_hours, hour_of
from edupulse.control.keeping import keep_days, kept_since
from edupulse.control.models import JobRun, JobStatistic, Worker, Workflow, WorkflowStep
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.transaction import look_anew, rows_changed, transaction

AT_ONCE = 500  # rows in one transaction: others wait some milliseconds for it
WORKERS_KEPT = timedelta(days=7)
CALLS_KEPT = timedelta(days=1)

log = get_logger(__name__)


def prune(now: datetime) -> dict[str, int]:
    """Delete what is older than its time; return how many of each kind.

    Runs and workflows that are not over stay, and what belongs to them. Each hour is counted before its runs go.
    """
    count_hours(now)
    gone = {
        "runs": sum(_prune_runs(name, now) for name in _names(kept_since(now))),
        "workflows": _prune_workflows(now - timedelta(days=current_settings().job_history_days)),
        "workers": _prune_workers(now),
        "calls": _prune_calls(now),
    }
    log.info("history pruned", **gone)
    return gone


def _names(before: datetime) -> list[str]:
    return list(db.session.scalars(select(JobRun.name).where(JobRun.created_at < before).distinct()))


def _prune_runs(name: str, now: datetime) -> int:
    """Delete the runs of one job in whole hours, so that no hour is counted of which some are gone."""
    until = hour_of(now - timedelta(days=keep_days(name)))
    old = (
        select(JobRun.id)
        .where(JobRun.name == name, JobRun.created_at < until, JobRun.ended_at < until)
        .where(JobRun.state.in_(("finished", "failed", "cancelled")), ~_is_of_open_workflow())
        .where(*(not_(hour) for hour in _uncounted(name, until)))
        .order_by(JobRun.created_at)
    )
    return _in_batches(old, lambda ids: delete(JobRun).where(JobRun.id.in_(ids)))


def _uncounted(name: str, until: datetime) -> Iterator[ColumnElement[bool]]:
    """Yield the hours whose figures are not final: a run of them is open, or is tried again by hand."""
    rows = select(JobStatistic.hour).where(
        JobStatistic.name == name, ~JobStatistic.is_whole, JobStatistic.hour < until
    )
    for hour in db.session.scalars(rows):
        yield (JobRun.created_at >= hour) & (JobRun.created_at < hour + HOUR)


def _is_of_open_workflow() -> ColumnElement[bool]:
    mine = (WorkflowStep.id == JobRun.workflow_step_id) & (Workflow.state == "running")
    return select(WorkflowStep.id).join(Workflow).where(mine).exists()


def _prune_workflows(until: datetime) -> int:
    old = select(Workflow.id).where(Workflow.state != "running", Workflow.ended_at < until)
    has_runs = select(JobRun.id).join(WorkflowStep, WorkflowStep.run_id == JobRun.id)
    return _in_batches(
        old.where(~has_runs.where(WorkflowStep.workflow_id == Workflow.id).exists()),
        lambda ids: delete(Workflow).where(Workflow.id.in_(ids)),
    )


def _prune_workers(now: datetime) -> int:
    with transaction() as session:
        return rows_changed(session, delete(Worker).where(Worker.heartbeat_at < now - WORKERS_KEPT))


def _prune_calls(now: datetime) -> int:
    with transaction() as session:
        return rows_changed(
            session, delete(IdempotentCall).where(IdempotentCall.created_at < now - CALLS_KEPT)
        )


def _in_batches(old: Select[Any], deletion: Callable[[list[Any]], Any]) -> int:
    """Delete what `old` finds, a batch in each transaction, so that nobody waits long for the database."""
    gone = 0
    while True:
        check_stop()
        look_anew()
        if not (ids := list(db.session.scalars(old.limit(AT_ONCE)))):
            return gone
        with transaction() as session:
            session.execute(deletion(ids))
        gone += len(ids)
