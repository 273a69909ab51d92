"""The pools as rows: what is wanted, also of the main pool before anybody has touched it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.catalog import QUEUES
from edupulse.control.models import WorkerPool
from edupulse.database import db
from edupulse.errors import NotFound

MAIN = "main"  # there is always this one: every queue, as many workers as the setting EDUPULSE_WORKERS says


def all_rows() -> list[WorkerPool]:
    """Return the pools by name, the main one first."""
    stored = {row.name: row for row in db.session.scalars(select(WorkerPool).order_by(WorkerPool.name))}
    main = stored.pop(MAIN, None) or _new_main()
    return [main, *stored.values()]


def existing(session: Session, name: str) -> WorkerPool:
    """Return the pool as it is stored, or the main one as it would be. Raises NotFound."""
    if row := session.get(WorkerPool, name):
        return row
    if name == MAIN:
        return _new_main()
    cure = "See `python cli.py workers pools`."
    raise NotFound(f"There is no pool of workers {name[:60]!r}.", cure=cure, pool=name[:60])


def to_change(session: Session, name: str) -> WorkerPool:
    """Return the pool as a row that nobody else changes meanwhile. Raises NotFound."""
    stored = session.get(WorkerPool, name, with_for_update=True, populate_existing=True)
    return stored or _written(session, existing(session, name))


def processes_of(row: WorkerPool) -> int:
    """Return how many workers the pool has while it is started."""
    return current_settings().workers if row.processes is None else row.processes


def queues_of(row: WorkerPool) -> list[str]:
    """Return the queues it works on, the first before the next; none written down stands for all there are."""
    return list(row.queues or QUEUES)


def subject(name: str) -> str:
    """Return how the audit log calls the pool."""
    return f"workers:{name}"


def wish(row: WorkerPool) -> dict[str, object]:
    """Return what is wanted of it, as the audit log keeps it."""
    return {"queues": queues_of(row), "processes": row.processes, "state": row.state}


def _written(session: Session, new: WorkerPool) -> WorkerPool:
    try:
        with session.begin_nested():
            session.add(new)
    except IntegrityError:  # somebody was faster
        return session.get_one(WorkerPool, MAIN, with_for_update=True, populate_existing=True)
    return new


def _new_main() -> WorkerPool:
    return WorkerPool(
        name=MAIN, queues=[], processes=None, state="running", renewals=0,
        created_at=now(), updated_at=now(),
    )  # fmt: skip
