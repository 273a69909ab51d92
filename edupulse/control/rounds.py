"""One round of the clock, made each second by the scheduler that leads: entries, deferred runs, repairs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from redis import Redis

from edupulse.clock import now
from edupulse.control import ledger, pauses, timetable
from edupulse.control.dispatch import OUTAGES, dispatch
from edupulse.control.lease import Lease
from edupulse.control.mirror import mirror
from edupulse.control.reconcile import Reconciled, reconcile
from edupulse.control.schedule import sync
from edupulse.control.witness import Witness
from edupulse.control.workers import BEAT_SECONDS, beat, note_tick
from edupulse.logs import get_logger

SYNC_EVERY = timedelta(minutes=5)  # definitions against rows, and another chance for what was put aside
RECONCILE_EVERY = timedelta(seconds=15)  # rows against Redis: a loss is mended well within 90 s
NOTE_EVERY = timedelta(seconds=BEAT_SECONDS)  # how often the database learns of a completed round
PAUSES_EVERY = timedelta(seconds=5)  # pauses that end by themselves, and Redis against the table of pauses

T = TypeVar("T")
log = get_logger(__name__)


class Each:
    """Says when a duty is due again; a clock that jumps, either way, makes it due."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._last: datetime | None = None

    def is_due(self, moment: datetime) -> bool:
        """Say whether it is time, and if so count from `moment`."""
        if self._last is not None and abs(moment - self._last) < self._every:
            return False
        self._last = moment
        return True

    def make_due(self) -> None:
        """Make it due now."""
        self._last = None


class Rounds:
    """What a scheduler knows from one round to the next."""

    def __init__(
        self, redis: Redis, lease: Lease, scheduler: str, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.leading = False
        self.ending = False
        self._redis, self._lease, self._scheduler = redis, lease, scheduler
        self._sync, self._reconcile, self._note = Each(SYNC_EVERY), Each(RECONCILE_EVERY), Each(NOTE_EVERY)
        self._pauses = Each(PAUSES_EVERY)
        self._witness, self._steady = Witness(), steady
        self._began = now()
        self._unannounced = self._unfinished = False

    def make(self) -> None:
        """Do what is due now. Raises what `OUTAGES` names; any other fault stops only the step it is in."""
        self._began = now()
        if not self.lead():
            self._be_heard(beat)  # who may lead next must be able to judge at once
            return
        if self._sync.is_due(self._began):
            self._duty(sync)
        dispatch(self._redis, now(), self._may_go_on)
        self._duty(ledger.release_due)
        if self._pauses.is_due(self._began):
            self._duty(pauses.upkeep)
        if self._reconcile.is_due(self._began):
            self._mend()
        self._be_heard(note_tick)
        self._announce()

    def lead(self) -> bool:
        """Take or renew the lease. Who begins to lead looks at everything: Redis may have been emptied."""
        newly_ours = self._lease.take()
        if self._lease.held and (newly_ours or not self.leading):
            self._unannounced = True
            self._sync.make_due()
            self._reconcile.make_due()
        elif self.leading and not self._lease.held:
            log.warning("scheduler steps down", scheduler=self._scheduler)
        self.leading = self._lease.held
        return self.leading

    def pause(self) -> float:
        """Return the seconds to the next whole second or armed instant; none while repairs are unfinished."""
        if not self.leading:
            return _until_next_second(now())
        if self._unfinished:
            return 0.0
        armed, current = timetable.next_after(self._redis, self._began), now()
        until_armed = 1.0 if armed is None else max(0.0, armed - current.timestamp())
        return min(until_armed, _until_next_second(current))

    def _may_go_on(self) -> bool:
        self._lease.step()
        return self._lease.held and not self.ending

    def _duty(self, act: Callable[[datetime], T]) -> T | None:
        """Do what is not an entry; its failure is logged and must not keep entries waiting."""
        if not self._may_go_on():
            return None
        try:
            return act(self._began)
        except OUTAGES:
            raise
        except Exception:  # a fault in one duty must not stop the clock
            log.exception("duty failed", duty=act.__name__)
            return None

    def _be_heard(self, say: Callable[[str], None]) -> None:
        """Write every few seconds that we live. What a committed write proves is what we judge others by."""
        if self._note.is_due(self._began):
            say(self._scheduler)
            self._witness.heard(self._steady(), now())

    def _announce(self) -> None:
        """Say that we lead, once a round has succeeded: during an outage it would be said at each attempt."""
        if self._unannounced:
            log.info("scheduler leads", scheduler=self._scheduler)
        self._unannounced = False

    def _mend(self) -> None:
        self._duty(_mirror)
        done = self._duty(self._reconcile_all)
        self._unfinished = done is not None and done.more
        if self._unfinished:
            self._reconcile.make_due()

    def _reconcile_all(self, moment: datetime) -> Reconciled:
        return reconcile(moment, may_judge=self._witness.may_judge(self._steady(), now()))


def _mirror(moment: datetime) -> None:
    mirror()


def _until_next_second(moment: datetime) -> float:
    return 1 - moment.microsecond / 1_000_000
