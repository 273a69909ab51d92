"""The pools as rows: what is wanted, also of the main pool before anybody has touched it."""

from __future__ import annotations

from sqlalchemy import select
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
    """Return the pool as a row that can be changed. Raises NotFound."""
    row = existing(session, name)
    session.add(row)
    return row


def processes_of(row: WorkerPool) -> int:
    """Return how many workers the pool has while it is started."""
    return current_settings().workers if row.processes is None else row.processes


def subject(name: str) -> str:
    """Return how the audit log calls the pool."""
    return f"workers:{name}"


def wish(row: WorkerPool) -> dict[str, object]:
    """Return what is wanted of it, as the audit log keeps it."""
    return {"queues": list(row.queues), "processes": row.processes, "state": row.state}


def _new_main() -> WorkerPool:
    return WorkerPool(
        name=MAIN, queues=list(QUEUES), processes=None, state="running", renewals=0,
        created_at=now(), updated_at=now(),
    )  # fmt: skip
