"""Whether this process may believe that others are silent: only while its own heart was heard all the time."""

from __future__ import annotations

from datetime import datetime

from edupulse.control.workers import BEAT_SECONDS, DEAD_AFTER

# Whoever lives is heard again within two beats after an outage that was shorter than this.
GAP_SECONDS = DEAD_AFTER.total_seconds() - 3 * BEAT_SECONDS
JUMP_SECONDS = BEAT_SECONDS  # by which the clock may leave the machine's steady one between two looks


class Witness:
    """Remembers since when our own heartbeats reach the database without a gap and without a jump of the clock.

    After an outage of the database, a stopped process, a suspended machine or a clock that was set, all heartbeats
    look old, also those of the living. `instant` is `time.monotonic()`: nobody can set it.
    """

    def __init__(self) -> None:
        self._since = 0.0
        self._last: tuple[float, datetime] | None = None

    def heard(self, instant: float, moment: datetime) -> None:
        """A heartbeat of ours was committed just now."""
        if not self._is_unbroken(instant, moment):
            self._since = instant
        self._last = (instant, moment)

    def may_judge(self, instant: float, moment: datetime) -> bool:
        """Say whether we were heard for so long that a living worker would have been heard as well."""
        return self._is_unbroken(instant, moment) and instant - self._since >= DEAD_AFTER.total_seconds()

    def _is_unbroken(self, instant: float, moment: datetime) -> bool:
        if self._last is None:
            return False
        passed = instant - self._last[0]
        by_clock = (moment - self._last[1]).total_seconds()
        return passed <= GAP_SECONDS and abs(by_clock - passed) <= JUMP_SECONDS
