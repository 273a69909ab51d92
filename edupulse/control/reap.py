"""Runs that nobody works on any more: those of dead workers, and those a living worker lost sight of."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from edupulse.control import ledger
from edupulse.control.catalog import current_catalog
from edupulse.control.dispatch import OUTAGES
from edupulse.control.models import OPEN_ROWS, JobRun, Worker
from edupulse.control.workers import alive_workers, mark_dead
from edupulse.database import db
from edupulse.errors import Conflict, Unavailable
from edupulse.logs import get_logger

SETTLING = timedelta(seconds=30)  # a worker names its run when it begins; this much may lie between two reads
AT_ONCE = 500  # runs per round

log = get_logger(__name__)


def reap(moment: datetime) -> tuple[int, int]:
    """Settle the runs that nobody works on, by policy; return how many workers died and runs were settled.

    A worker is dead when its heart is silent. Whoever begins a run must be registered and beating
    (`workers.present`), else it counts as dead.
    """
    dead = mark_dead(moment)
    interrupted = sum(_interrupt(worker, moment) for worker in sorted(_gone(moment)))
    return len(dead), interrupted + sum(_give_back(run) for run in _out_of_sight(moment))


def _gone(moment: datetime) -> set[str]:
    # Runs first, then workers: who registers in between has no run in the first answer.
    db.session.rollback()
    holders = select(JobRun.worker).where(OPEN_ROWS, JobRun.state == "started").distinct()
    holding = set(db.session.scalars(holders))
    return {worker for worker in holding - alive_workers(moment) if worker is not None}


def _interrupt(worker: str, moment: datetime) -> int:
    try:
        return ledger.interrupt(worker, moment)
    except OUTAGES:
        raise
    except Exception:  # a run that cannot be settled must not keep those of other workers
        db.session.rollback()
        log.exception("runs of a dead worker not settled", worker=worker)
        return 0


def _out_of_sight(moment: datetime) -> list[JobRun]:
    """Return runs whose worker lives and works on something else: their end could not be written down."""
    held = (
        select(JobRun)
        .join(Worker, Worker.name == JobRun.worker)
        .where(OPEN_ROWS, JobRun.state == "started", JobRun.started_at < moment - SETTLING)
        .where(Worker.state == "running", Worker.heartbeat_at > JobRun.started_at)
        .where(or_(Worker.current_run.is_(None), Worker.current_run != JobRun.id))
        .limit(AT_ONCE)
    )
    return list(db.session.scalars(held))


def _give_back(run: JobRun) -> bool:
    """End the attempt; False when it cannot be ended, or the worker has written its end meanwhile."""
    what = f"{run.worker} did not write down how attempt {run.attempts} ended, and does something else now."
    spec = current_catalog().specs.get(run.name)
    if spec is None:
        log.error("run out of sight of a job that the catalog does not know", run=run.id, job=run.name)
        return False
    log.warning("run out of sight", run=run.id, job=run.name, worker=run.worker)
    if spec.on_interrupt == "retry":
        return ledger.fail(run, Unavailable(what))
    return ledger.fail(run, Conflict(what, cure="Look what it did, then retry it."))
