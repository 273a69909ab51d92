"""A few numbers in shared memory: what a worker tells its keeper without a word, even when it cannot speak."""

from __future__ import annotations

import mmap
import struct
import time

_NUMBER = struct.Struct("d")
# What stands where: runs brought to an end and those that failed, the instant of the last turn, then the deadline of
# each place.
_DONE, _FAILED, _TURNED, _PLACES = 0, 1, 2, 3


class Board:
    """Made before the fork; the worker writes, the keeper reads. Instants are `time.monotonic()` of this host."""

    def __init__(self, slots: int) -> None:
        self.slots, self.places = slots, 2 * slots  # as many runs may wait as can be under way
        self._memory = mmap.mmap(-1, _NUMBER.size * (_PLACES + self.places))
        self.note_turn()

    @property
    def done(self) -> int:
        return int(self._read(_DONE))

    @property
    def failed(self) -> int:
        """How many attempts of those have failed."""
        return int(self._read(_FAILED))

    @property
    def counts(self) -> dict[str, int]:
        """What a heartbeat tells of the work."""
        return {"jobs_done": self.done, "jobs_failed": self.failed}

    def count(self, runs: int, *, failed: int = 0) -> None:
        self._write(_DONE, self._read(_DONE) + runs)
        if failed:
            self._write(_FAILED, self._read(_FAILED) + failed)

    @property
    def last_turn(self) -> float:
        return self._read(_TURNED)

    def note_turn(self) -> None:
        """Say that the worker's own thread goes on."""
        self._write(_TURNED, time.monotonic())

    def set_deadline(self, place: int, instant: float) -> None:
        """At `instant` the keeper may end the worker: the job in `place` does not react. 0: the place is free."""
        self._write(_PLACES + place, instant)

    def earliest_deadline(self) -> float | None:
        """Return the first instant at which the worker must be ended, if it works on anything."""
        instants = (self._read(_PLACES + place) for place in range(self.places))
        return min((instant for instant in instants if instant), default=None)

    def close(self) -> None:
        self._memory.close()

    def _read(self, place: int) -> float:
        number: float = _NUMBER.unpack_from(self._memory, place * _NUMBER.size)[0]
        return number

    def _write(self, place: int, number: float) -> None:
        _NUMBER.pack_into(self._memory, place * _NUMBER.size, number)
