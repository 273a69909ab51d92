"""The places in a worker where jobs run: threads that take a run, perform it, and hand its outcome back."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from edupulse.control.engine.board import Board
from edupulse.control.run import Outcome, Run
from edupulse.control.work import Work

SHORT_SECONDS = 0.1  # of a job: behind such ones another may wait
WAITING_SECONDS = 0.25  # then a run that waits in vain is given to whoever has room

Perform = Callable[[Work], Outcome]


class Slots:
    """All places of a worker. Only `_live` runs in its threads; the rest belongs to the worker's own thread.

    While jobs are short, as many runs as can be under way wait beside them, so that no thread waits for a turn.
    """

    def __init__(self, board: Board, perform: Perform, ring: Callable[[], None]) -> None:
        self._board, self._perform, self._ring = board, perform, ring
        self._free = list(range(board.places))
        self._busy: dict[str, tuple[int, Work]] = {}  # by key of the attempt
        self._given: SimpleQueue[Work | None] = SimpleQueue()
        self._ended: deque[tuple[Work, Outcome]] = deque()
        self._pace = float("inf")  # seconds that a job took of late
        for number in range(board.slots):
            threading.Thread(target=self._live, name=f"slot-{number}", daemon=True).start()

    @property
    def room(self) -> int:
        """How many runs may be started now."""
        places = self._board.places if self._is_brisk() else self._board.slots
        return max(0, places - len(self._busy))

    @property
    def waiting(self) -> int:
        """How many threads that end their job find another one at once."""
        return len(self._busy) - len(self._ended) - self._board.slots

    @property
    def works(self) -> list[Work]:
        """What is under way, or waits for a thread."""
        return [work for _, work in self._busy.values()]

    def start(self, run: Run, deadline: float) -> None:
        """Work on `run` as soon as a thread is free; at `deadline` (monotonic) the keeper may end the whole process."""
        place, work = self._free.pop(), Work(run)
        self._busy[run.key] = place, work
        self._board.set_deadline(place, deadline)
        self._given.put(work)

    def collect(self) -> list[Outcome]:
        """Return what has ended since, and free its places."""
        outcomes = []
        while self._ended:
            work, outcome = self._ended.popleft()
            place, _ = self._busy.pop(work.run.key)
            self._board.set_deadline(place, 0)
            self._free.append(place)
            self._learn_pace(work)
            outcomes.append(outcome)
        self._board.count(len(outcomes), failed=sum(outcome.state == "failed" for outcome in outcomes))
        return outcomes

    def send_back(self, *, all_of_them: bool) -> None:
        """Give back what waits for a thread: what has waited too long, or everything."""
        if self.waiting <= 0:
            return
        patience = 0.0 if all_of_them else WAITING_SECONDS
        for work in self.works:
            if work.seconds_waited > patience and work.withdraw():
                self._ended.append((work, Outcome(work.run, "returned")))

    def give_up(self, work: Work) -> None:
        """Let the keeper end the process: the job does not react to anything."""
        self._board.set_deadline(self._busy[work.run.key][0], time.monotonic())

    def close(self) -> None:
        """Let the idle threads end."""
        for _ in range(self._board.slots):
            self._given.put(None)

    def _is_brisk(self) -> bool:
        """Say whether jobs end so fast that one more can wait: of late, and all that is under way."""
        return self._pace < SHORT_SECONDS and all(work.seconds < SHORT_SECONDS for work in self.works)

    def _learn_pace(self, work: Work) -> None:
        if work.has_begun:
            before = work.seconds if self._pace == float("inf") else self._pace
            self._pace = before + (work.seconds - before) / 10

    def _live(self) -> None:
        while (work := self._given.get()) is not None:
            outcome = work.carried_out(self._perform)
            if outcome is not None:
                self._ended.append((work, outcome))
                self._ring()
