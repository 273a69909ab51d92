"""How the pools are: what is wanted of each, and what there is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edupulse.control.models import Worker, WorkerPool
from edupulse.control.pools.rows import all_rows, existing, processes_of, queues_of
from edupulse.control.workers import live_processes
from edupulse.database import db


@dataclass(frozen=True)
class PoolFacts:
    """What is wanted of a pool, and what there is."""

    name: str
    queues: list[str]
    processes: int  # wanted while it is started
    state: str  # running | stopped: as somebody wants it
    workers: list[Worker]  # that are alive
    follows_setting: bool  # its number of processes is that of the setting EDUPULSE_WORKERS
    is_looked_after: bool  # the process that starts and ends its workers is alive

    @property
    def alive(self) -> int:
        return len(self.workers)

    @property
    def words(self) -> str:
        """Say how it is, in a sentence."""
        if self.state == "stopped":
            return f"Stopped; {self.alive} still bring their work to an end." if self.alive else "Stopped."
        if self.alive >= self.processes:
            return f"{self.alive} of {self.processes} at work."
        if not self.is_looked_after:
            return "Wanted, but the process that starts workers is not running. Start it with `python cli.py start`."
        return f"Starting: {self.alive} of {self.processes} at work."


def pools(moment: datetime) -> list[PoolFacts]:
    """Return every pool by name, the main one first."""
    alive = live_processes(moment)
    return [_facts(row, alive) for row in all_rows()]


def pool(name: str, moment: datetime) -> PoolFacts:
    """Return one pool. Raises NotFound."""
    return _facts(existing(db.session(), name), live_processes(moment))


def _facts(row: WorkerPool, alive: Iterable[Worker]) -> PoolFacts:
    found = list(alive)
    return PoolFacts(
        name=row.name,
        queues=queues_of(row),
        processes=processes_of(row),
        state=row.state,
        workers=[each for each in found if each.kind == "worker" and each.pool == row.name],
        follows_setting=row.processes is None,
        is_looked_after=any(each.kind == "keeper" and each.pool in (None, row.name) for each in found),
    )
