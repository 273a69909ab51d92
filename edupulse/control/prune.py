"""What has been kept long enough goes: old runs, workflows, workers and repeatable calls; the figures of hours stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select

from edupulse.accounts.models import IdempotentCall
from edupulse.config import current_settings
from edupulse.control.execution import check_stop
from edupulse.control.hours import HOUR, count_hours, hour_of
from edupulse.control.keeping import keep_days, kept_since
from edupulse.control.models import FINAL_STATES, JobRun, JobStatistic, Worker, Workflow, WorkflowStep
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
    """Delete the runs of one job by the hour: all of it or none, for an hour may have to be counted again."""
    until = hour_of(now - timedelta(days=keep_days(name)))
    may_go = and_(JobRun.state.in_(FINAL_STATES), JobRun.ended_at < until, ~_is_of_open_workflow())
    return sum(_prune_hour(name, hour, may_go) for hour in _old_hours(name, until))


def _old_hours(name: str, until: datetime) -> Iterator[datetime]:
    """Yield the hours before `until` in which runs of the job were accepted."""
    accepted = select(func.min(JobRun.created_at)).where(JobRun.name == name, JobRun.created_at < until)
    at = db.session.scalar(accepted)
    while at is not None:
        yield hour_of(at)
        at = db.session.scalar(accepted.where(JobRun.created_at >= hour_of(at) + HOUR))


def _prune_hour(name: str, hour: datetime, may_go: ColumnElement[bool]) -> int:
    look_anew()
    its = and_(JobRun.name == name, JobRun.created_at >= hour, JobRun.created_at < hour + HOUR)
    is_needed = db.session.scalar(select(JobRun.id).where(its, ~may_go).limit(1)) is not None
    figures = db.session.get(JobStatistic, (name, hour))
    if is_needed or figures is None or not figures.is_whole:
        return 0
    # One that is tried again this very moment is work.
    return _in_batches(
        select(JobRun.id).where(its, may_go),
        lambda ids: delete(JobRun).where(JobRun.id.in_(ids), JobRun.state.in_(FINAL_STATES)),
    )


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
            gone += rows_changed(session, deletion(ids))
