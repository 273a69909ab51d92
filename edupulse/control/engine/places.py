"""A place for one worker: whoever dies is replaced at once, whoever dies at once again and again, after a pause."""

from __future__ import annotations

import time
from dataclasses import dataclass

from edupulse.control.engine.roster import Wish
from edupulse.control.engine.worker_process import WorkerProcess

SETTLED_SECONDS = 10.0  # who lived longer than this, or has done a job, did not die of its start
LONGEST_PAUSE_SECONDS = 5.0  # well within the 30 s in which all must work again after an outage


def pause_before_restart(deaths_in_a_row: int) -> float:
    """Return the seconds to wait: none after the first death, then 1, 2, 4 up to the longest pause."""
    return 0.0 if deaths_in_a_row <= 1 else min(LONGEST_PAUSE_SECONDS, 2.0 ** (deaths_in_a_row - 2))


@dataclass
class Place:
    """Holds a worker or waits for one, such as the wish says."""

    wish: Wish
    worker: WorkerProcess | None = None
    deaths_in_a_row: int = 0
    free_until: float = 0.0  # monotonic

    @property
    def is_due(self) -> bool:
        """Say whether a worker may start here now."""
        return self.worker is None and time.monotonic() >= self.free_until

    def fits(self, wish: Wish) -> bool:
        """Say whether its worker is one that `wish` wants, apart from its age."""
        return (self.wish.pool, self.wish.queues) == (wish.pool, wish.queues)

    @property
    def is_outdated(self) -> bool:
        """Say whether its worker is to be replaced because somebody said so."""
        return self.worker is not None and self.worker.wish.renewals != self.wish.renewals

    def vacate(self, *, died: bool) -> None:
        """Its worker is gone, or could not even be started."""
        worker = self.worker
        settled = worker is not None and (worker.seconds > SETTLED_SECONDS or worker.board.done > 0)
        self.worker = None
        self.deaths_in_a_row = (1 if settled else self.deaths_in_a_row + 1) if died else 0
        self.free_until = time.monotonic() + pause_before_restart(self.deaths_in_a_row)
