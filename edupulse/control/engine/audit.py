"""A worker looks into its own books: what the ledger says it works on, and it does not, is given back."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from edupulse.control import ledger
from edupulse.control.engine.overseer import stopped_by
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.control.run import Failure, Outcome, Run
from edupulse.database import db
from edupulse.logs import get_logger

AUDIT_SECONDS = 30.0  # between two looks
SETTLING = timedelta(seconds=30)  # a run is in our hands milliseconds after the commit that began it

log = get_logger(__name__)


def audit(name: str, in_hand: Set[str], moment: datetime) -> int:
    """Give back the runs that the worker `name` began and has not in hand; return how many.

    It happens when a commit succeeded and its answer was lost: the run was claimed, and nobody works on it.
    `in_hand` must hold everything whose outcome is not in the ledger yet. Needs an application context.
    """
    db.session.rollback()  # ends an older snapshot
    strangers = [row for row in _begun(name, moment) if row.id not in in_hand]
    return sum(_give_back(name, row) for row in strangers)


def _begun(name: str, moment: datetime) -> list[Row[Any]]:
    columns = [JobRun.__table__.c[column] for column in Run.__slots__]
    wish = (JobRun.cancel_requested_at, JobRun.cancel_actor, JobRun.cancel_reason)
    begun = select(*columns, *wish).where(
        OPEN_ROWS, JobRun.state == "started", JobRun.worker == name, JobRun.started_at < moment - SETTLING
    )
    return list(db.session.execute(begun))


def _give_back(name: str, row: Row[Any]) -> bool:
    run = Run(*(getattr(row, column) for column in Run.__slots__))
    what = f"The worker {name} had begun attempt {run.attempts} and did not know of it."
    log.warning("run given back", run=run.id, job=run.name, worker=name)
    if row.cancel_requested_at is None:
        return ledger.write(Outcome(run, "interrupted", failure=Failure("Interrupted", what)))
    reason = stopped_by(row.cancel_actor, row.cancel_reason)
    return ledger.write(Outcome(run, "cancelled", failure=Failure("Cancelled", f"{reason} {what}")))
