"""Pools are defined by an administrator: added, changed, removed; what runs is brought to its end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control.catalog import QUEUES
from edupulse.control.models import WorkerPool
from edupulse.control.pools.rows import MAIN, subject, to_change, wish
from edupulse.errors import Conflict, Invalid
from edupulse.transaction import transaction

LONGEST_NAME = 40  # characters
MOST_PROCESSES = 64


def add(name: str, queues: Sequence[str], processes: int, *, actor: str) -> WorkerPool:
    """Let `processes` more workers work on `queues`, the first before the next.

    Raises Invalid naming the field, Conflict when there is a pool of that name.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name) or len(name) > LONGEST_NAME:
        cure = f"Use up to {LONGEST_NAME} small letters, digits, “-” and “_”, e.g. “night”."
        raise Invalid(f"{name[:60]!r} cannot be the name of a pool.", cure=cure, field="name")
    _check(queues, processes)
    with transaction() as session:
        if name == MAIN or session.get(WorkerPool, name) is not None:
            raise _name_taken(name)
        row = WorkerPool(
            name=name, queues=list(queues), processes=processes, state="running", renewals=0,
            created_at=now(), updated_at=now(),
        )  # fmt: skip
        _write(session, row)
        audit.record(actor, "workers.add", subject(name), after=wish(row))
    return row


def change(
    name: str, *, queues: Sequence[str] | None = None, processes: int | None = None, actor: str
) -> WorkerPool:
    """Change its queues or the number of its workers; what runs is brought to its end. Raises NotFound, Invalid."""
    _check(queues, processes)
    with transaction() as session:
        row = to_change(session, name)
        before = wish(row)
        row.queues = row.queues if queues is None else _stored(name, list(queues))
        row.processes = row.processes if processes is None else processes
        row.updated_at = now()
        audit.record(actor, "workers.change", subject(name), before=before, after=wish(row))
    return row


def remove(name: str, *, actor: str) -> None:
    """Take a pool away; its workers bring their jobs to an end. Raises NotFound, Conflict for the main one."""
    with transaction() as session:
        if name == MAIN:
            raise Conflict("The main pool cannot be removed.", cure="Stop it instead.", pool=name)
        row = to_change(session, name)
        audit.record(actor, "workers.remove", subject(name), before=wish(row))
        session.delete(row)


def _write(session: Session, row: WorkerPool) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError:  # two take one name at the same moment
        raise _name_taken(row.name) from None


def _name_taken(name: str) -> Conflict:
    return Conflict(f"There is a pool {name} already.", cure="Change it instead.", field="name")


def _stored(name: str, queues: list[str]) -> list[str]:
    """Return what is written down: the main pool, as long as it has every queue, also gets those to come."""
    return [] if name == MAIN and queues == list(QUEUES) else queues


def _check(queues: Sequence[str] | None, processes: int | None) -> None:
    if queues is not None:
        unknown = [queue for queue in queues if queue not in QUEUES]
        if unknown or not queues or len(set(queues)) < len(queues):
            what = (
                f"There is no queue {unknown[0][:40]!r}."
                if unknown
                else "Name each queue once, and at least one."
            )
            raise Invalid(what, cure=f"Known: {', '.join(QUEUES)}.", field="queues")
    if processes is not None and not 1 <= processes <= MOST_PROCESSES:
        cure = "To have none, stop the pool."
        raise Invalid(f"A pool has from 1 to {MOST_PROCESSES} workers.", cure=cure, field="processes")
