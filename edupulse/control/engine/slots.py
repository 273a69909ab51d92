"""The places in a worker where jobs run: threads that take a run, perform it, and hand its outcome back."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from queue import SimpleQueue

from edupulse.control.engine.board import Board
from edupulse.control.execution import Work
from edupulse.control.run import Outcome, Run

Perform = Callable[[Work], Outcome]


class Slot:
    """One place, and the work in it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.work: Work | None = None


class Slots:
    """All places of a worker. Only `_live` runs in their threads; the rest belongs to the worker's own thread."""

    def __init__(self, count: int, perform: Perform, board: Board, ring: Callable[[], None]) -> None:
        self._perform, self._board, self._ring = perform, board, ring
        self._free = [Slot(number) for number in range(count)]
        self._busy: dict[str, Slot] = {}
        self._given: SimpleQueue[Work | None] = SimpleQueue()
        self._ended: deque[Outcome] = deque()
        for number in range(count):
            threading.Thread(target=self._live, name=f"slot-{number}", daemon=True).start()

    @property
    def free(self) -> int:
        return len(self._free)

    @property
    def works(self) -> Iterable[Work]:
        """What is under way."""
        return [slot.work for slot in self._busy.values() if slot.work is not None]

    def start(self, run: Run, deadline: float) -> None:
        """Work on `run` in a free slot; at `deadline` (monotonic) the keeper may end the whole process."""
        slot = self._free.pop()
        slot.work = Work(run)
        self._busy[run.key] = slot
        self._board.set_deadline(slot.number, deadline)
        self._given.put(slot.work)

    def collect(self) -> list[Outcome]:
        """Return what has ended since, and free its slots."""
        outcomes = []
        while self._ended:
            outcome = self._ended.popleft()
            slot = self._busy.pop(outcome.run.key)
            slot.work = None
            self._board.set_deadline(slot.number, 0)
            self._free.append(slot)
            outcomes.append(outcome)
        self._board.count(len(outcomes))
        return outcomes

    def give_up(self, work: Work) -> None:
        """Let the keeper end the process: the job does not react to anything."""
        self._board.set_deadline(self._busy[work.run.key].number, time.monotonic())

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(len(self._free) + len(self._busy)):
            self._given.put(None)

    def _live(self) -> None:
        while (work := self._given.get()) is not None:
            self._ended.append(work.carried_out(self._perform))
            self._ring()
