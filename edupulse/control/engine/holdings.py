"""What a worker has taken from Redis and not yet ended there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edupulse.control.run import Outcome


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that Redis gave us; one that must not be believed says why."""

    run_id: str
    lane: str
    execution_id: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A message that we are done with; no outcome: the run was not ours, or was refused."""

    taken: Taken
    outcome: Outcome | None


class Holdings:
    """The executions of this worker, each with its run and the instant at which it was taken."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[str, datetime]] = {}
        self.doubles: list[Ended] = []  # second copies of runs that we have: to be put down again

    @property
    def execution_ids(self) -> list[str]:
        return list(self._held)

    def began(self, taken: Taken) -> datetime | None:
        """Return when this was taken."""
        held = self._held.get(taken.execution_id)
        return held[1] if held else None

    def keep(self, taken: Iterable[Taken], moment: datetime) -> list[Taken]:
        """Hold these; return them without the second copies, of which the rest of the worker need not know."""
        fresh = []
        runs = {run_id for run_id, _ in self._held.values()}
        for one in taken:
            if one.run_id in runs:
                self.doubles.append(Ended(one, None))
            else:
                fresh.append(one)
            runs.add(one.run_id)
            self._held[one.execution_id] = (one.run_id, moment)
        return fresh

    def drop(self, ended: Iterable[Ended]) -> None:
        """Forget what Redis has been told the end of, all second copies included."""
        self.doubles = []
        for one in ended:
            self._held.pop(one.taken.execution_id, None)
