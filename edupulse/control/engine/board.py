"""A few numbers in shared memory: what a worker tells its keeper without a word, even when it cannot speak."""

from __future__ import annotations

import mmap
import struct
import time

_NUMBER = struct.Struct("d")
_DONE, _TURNED, _SLOTS = (
    0,
    1,
    2,
)  # places: runs brought to an end, instant of the last turn, deadlines of the slots


class Board:
    """Made before the fork; the worker writes, the keeper reads. Instants are `time.monotonic()` of this host."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._memory = mmap.mmap(-1, _NUMBER.size * (_SLOTS + slots))
        self.note_turn()

    @property
    def done(self) -> int:
        return int(self._read(_DONE))

    def count(self, runs: int) -> None:
        self._write(_DONE, self._read(_DONE) + runs)

    @property
    def last_turn(self) -> float:
        return self._read(_TURNED)

    def note_turn(self) -> None:
        """Say that the worker's own thread goes on."""
        self._write(_TURNED, time.monotonic())

    def set_deadline(self, slot: int, instant: float) -> None:
        """At `instant` the keeper may end the worker: the job in `slot` does not react. 0: the slot is free."""
        self._write(_SLOTS + slot, instant)

    def earliest_deadline(self) -> float | None:
        """Return the first instant at which the worker must be ended, if it works on anything."""
        return min(
            (instant for slot in range(self.slots) if (instant := self._read(_SLOTS + slot))), default=None
        )

    def close(self) -> None:
        self._memory.close()

    def _read(self, place: int) -> float:
        number: float = _NUMBER.unpack_from(self._memory, place * _NUMBER.size)[0]
        return number

    def _write(self, place: int, number: float) -> None:
        _NUMBER.pack_into(self._memory, place * _NUMBER.size, number)
