"""Which workers a keeper is to have: as it was told at its start, or as the pools in the ledger say now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from edupulse.clock import now
from edupulse.control.models import Worker, WorkerPool
from edupulse.control.pools.rows import all_rows, processes_of, queues_of
from edupulse.control.workers import DEAD_AFTER, current_worker_name
from edupulse.database import db
from edupulse.errors import NotFound


@dataclass(frozen=True)
class Wish:
    """Some workers that are alike; none of them while their pool is stopped."""

    queues: tuple[str, ...]
    processes: int
    pool: str | None = None
    renewals: int = 0  # when it is another number than before, each of them is replaced once


class FixedRoster:
    """What was said at the start, for ever."""

    pool = None
    changes = False

    def __init__(self, queues: Sequence[str], processes: int) -> None:
        self._wishes = [Wish(tuple(queues), processes)]

    def wishes(self) -> list[Wish]:
        return self._wishes

    def check(self) -> None:
        """There is nothing to ask."""


class PoolRoster:
    """The pools of the ledger: one by its name, or all that no other keeper looks after by name."""

    changes = True

    def __init__(self, pool: str | None = None) -> None:
        self.pool = pool

    def wishes(self) -> list[Wish]:
        """Return what is wanted now, none of a pool that is stopped. Raises what the database says, when away."""
        db.session.rollback()  # ends an older snapshot
        others = _looked_after_by_name()
        return [
            _wish(row)
            for row in all_rows()
            if (row.name not in others if self.pool is None else row.name == self.pool)
        ]

    def check(self) -> None:
        """Raise NotFound unless there is such a pool."""
        if self.pool is not None and self.pool not in {row.name for row in all_rows()}:
            cure = "Make it with `python cli.py workers add`."
            raise NotFound(f"There is no pool of workers {self.pool[:60]!r}.", cure=cure)


Roster = FixedRoster | PoolRoster


def _wish(row: WorkerPool) -> Wish:
    processes = processes_of(row) if row.state == "running" else 0
    return Wish(tuple(queues_of(row)), processes, row.name, row.renewals)


def _looked_after_by_name() -> set[str]:
    keepers = select(Worker.pool).where(
        Worker.kind == "keeper", Worker.state == "running", Worker.heartbeat_at > now() - DEAD_AFTER,
        Worker.pool.is_not(None), Worker.name != current_worker_name(),
    )  # fmt: skip
    return {name for name in db.session.scalars(keepers) if name}
