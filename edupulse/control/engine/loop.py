"""What a worker does all day: one call to Redis and one commit per turn serve every slot that has ended or is free."""

from __future__ import annotations

import signal
import time

from flask import Flask
from redis.exceptions import RedisError
from rq.worker.base import BaseWorker

from edupulse.clock import now
from edupulse.control import ledger
from edupulse.control.catalog import current_catalog
from edupulse.control.dispatch import OUTAGES
from edupulse.control.engine.audit import AUDIT_SECONDS, audit
from edupulse.control.engine.board import Board
from edupulse.control.engine.overseer import LOOK_SECONDS, Overseer
from edupulse.control.engine.slots import Perform, Slots
from edupulse.control.engine.transport import Ended, Taken, Transport
from edupulse.control.engine.wakeup import Wakeup
from edupulse.control.run import Outcome, Run
from edupulse.logs import get_logger

IDLE_SECONDS = 2.0  # what nobody announced (a requeue by another tool) is found after this
SEVERAL = 3  # waiting runs, with which the threads get over GATHERING_SECONDS
# Between turns while every thread has its next job: the more ends in one turn, the cheaper each.
GATHERING_SECONDS = 0.001
SETTLING_SECONDS = 0.002  # a job that is not over by now is a longer one: Redis need not wait for its end
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between attempts while Redis or the database is away
UNKNOWN_LIMIT_SECONDS = 60.0  # of a job that the catalog does not know: it fails at once
KEEPER_GRACE_SECONDS = 5.0  # after its hard limit a job has this long before its whole worker is ended

log = get_logger(__name__)


class Loop:
    """The worker's own thread. The order of each turn is what makes a crash harmless at any point:

    Redis gives, the ledger is told, the job runs, the ledger is told, Redis forgets.
    """

    def __init__(
        self, app: Flask, worker: BaseWorker, perform: Perform, board: Board, *, burst: bool = False
    ) -> None:
        self._app, self._name, self._burst = app, worker.name, burst
        self._board, self._wakeup = board, Wakeup()
        self._slots = Slots(board, perform, self._wakeup.ring)
        self._overseer = Overseer(self._slots)
        self._transport = Transport(
            worker, self._wakeup, on_stop_job=self._overseer.hear_of_cancellation, on_shutdown=self.stop
        )
        self._ended: list[Ended] = []  # in the ledger, not yet in Redis
        self._taken: list[Taken] = []  # what Redis has given and the ledger shall say whose it is
        self._running: dict[str, Taken] = {}  # by key of the attempt
        self._outcomes: list[Outcome] = []  # not yet in the ledger
        self._stopping = False
        self._pause = 0.0
        self._next_audit = time.monotonic() + AUDIT_SECONDS

    def run(self) -> None:
        """Work until told to stop, or in a burst until nothing waits; only in the main thread of a process."""
        before = signal.signal(signal.SIGTERM, self.stop)
        self._wakeup.listen_to_signals()
        with self._app.app_context():
            self._transport.open()
            try:
                while not self._is_over():
                    self._turn()
            finally:
                self._transport.close()
                self._slots.close()
                self._wakeup.close()
                signal.signal(signal.SIGTERM, before)

    def stop(self, *signal_and_frame: object) -> None:
        """Take nothing more, and end when what runs is over; safe in a signal handler."""
        self._stopping = True
        self._overseer.stop()

    def retire(self, *signal_and_frame: object) -> None:
        """Take nothing more, and let what runs come to its end; safe in a signal handler."""
        self._stopping = True

    def _is_over(self) -> bool:
        if self._stopping and self._pause and not (self._running or self._outcomes):
            return True  # what Redis should still hear, `leftovers.py` tells it when it is back
        at_rest = not (self._running or self._outcomes or self._ended or self._taken)
        return at_rest and (self._stopping or (self._burst and self._transport.was_empty))

    def _turn(self) -> None:
        self._board.note_turn()
        self._slots.send_back(all_of_them=self._stopping)
        self._outcomes += self._slots.collect()
        try:
            self._overseer.look()
            self._audit()
            if not self._taken and (self._ended or self._wants):
                self._talk_to_redis()
            if self._taken or self._outcomes:
                self._talk_to_ledger()
            self._pause = 0.0
        except OUTAGES as error:
            self._bear(error)
        if not self._is_over():
            self._wait()

    def _audit(self) -> None:
        if time.monotonic() >= self._next_audit:
            self._next_audit = time.monotonic() + AUDIT_SECONDS
            audit(self._name, {taken.run_id for taken in self._running.values()}, now())

    @property
    def _wants(self) -> int:
        """How many runs may be taken."""
        return 0 if self._stopping else self._slots.room

    def _talk_to_redis(self) -> None:
        try:
            taken = self._transport.turn(self._ended, self._wants)
        except RedisError:
            self._talk_to_ledger()  # what has ended is true whether Redis is there or not
            raise
        self._ended, self._taken = [], taken

    def _talk_to_ledger(self) -> None:
        """Write the outcomes, and begin what was taken: one commit for both."""
        believed = {one.run_id: one for one in self._taken if not one.refused}  # of a copy, one is dropped
        begun = ledger.turn(list(believed), self._outcomes, worker=self._name)
        self._ended += [Ended(self._running.pop(one.run.key), one) for one in self._outcomes]
        for run in begun:
            self._begin(run, believed.pop(run.id))
        ours = {taken.execution_id for taken in self._running.values()}
        # The rest is somebody else's, over, or paused.
        self._ended += [Ended(one, None) for one in self._taken if one.execution_id not in ours]
        self._outcomes, self._taken = [], []

    def _begin(self, run: Run, taken: Taken) -> None:
        spec = current_catalog().specs.get(run.name)
        limit = spec.hard_limit_seconds if spec else UNKNOWN_LIMIT_SECONDS
        self._running[run.key] = taken
        self._slots.start(run, time.monotonic() + limit + KEEPER_GRACE_SECONDS)

    def _wait(self) -> None:
        """Return when a slot has ended, work has come, a signal has, or it is time to look again."""
        if self._pause:
            self._wakeup.wait(self._pause)
        elif self._slots.waiting >= SEVERAL:
            time.sleep(GATHERING_SECONDS)
        elif self._running and self._ended:
            self._wakeup.wait(SETTLING_SECONDS)
        elif not self._ended and not self._may_find_more:
            self._transport.wait(IDLE_SECONDS if self._wants else LOOK_SECONDS)
        self._wakeup.clear()

    @property
    def _may_find_more(self) -> bool:
        """Say whether Redis gave as much as was wanted, so that another call at once is worth while."""
        return bool(self._wants) and not self._transport.was_empty

    def _bear(self, error: Exception) -> None:
        """Wait out an outage: what runs goes on, what has ended is kept until it can be written."""
        if not self._pause:
            log.warning("worker waits", worker=self._name, reason=f"{type(error).__name__}: {error}"[:500])
        self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
