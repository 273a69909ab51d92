"""Runs whose worker is gone: a worker whose heart is silent is dead, and what it had begun is settled."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from edupulse.control import interrupted
from edupulse.control.dispatch import OUTAGES
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.control.workers import alive_workers, mark_dead
from edupulse.database import db
from edupulse.logs import get_logger

log = get_logger(__name__)


def reap(moment: datetime) -> tuple[int, int]:
    """Settle the runs of dead workers, by policy; return how many workers died and runs were settled.

    A worker is dead when its heart is silent, however many runs it has, and however long they take. Whoever
    begins a run must be registered and beating, else it counts as dead. Ask `Witness` before: after an outage all
    hearts seem silent.
    """
    dead = mark_dead(moment)
    if dead:
        log.warning("workers are silent", workers=", ".join(dead))
    return len(dead), sum(_interrupt(worker, moment) for worker in sorted(_gone(moment)))


def _gone(moment: datetime) -> set[str]:
    # Runs first, then workers: who registers in between has no run in the first answer.
    db.session.rollback()
    holders = select(JobRun.worker).where(OPEN_ROWS, JobRun.state == "started").distinct()
    holding = set(db.session.scalars(holders))
    return {worker for worker in holding - alive_workers(moment) if worker is not None}


def _interrupt(worker: str, moment: datetime) -> int:
    try:
        return interrupted.interrupt(worker, moment)
    except OUTAGES:
        raise
    except Exception:  # a run that cannot be settled must not keep those of other workers
        db.session.rollback()
        log.exception("runs of a dead worker not settled", worker=worker)
        return 0
