"""A sleep that anybody may end: a signal handler, another thread, or the time."""

from __future__ import annotations

import contextlib
import os
import select


class Nap:
    """Sleeps on a pipe: writing to one is safe inside a signal handler, setting an Event is not."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe()
        os.set_blocking(self._ear, False)
        os.set_blocking(self._mouth, False)

    def sleep(self, seconds: float) -> None:
        """Return after `seconds`, or at once when `end` was called since the last sleep."""
        select.select([self._ear], [], [], max(0.0, seconds))
        with contextlib.suppress(BlockingIOError):
            os.read(self._ear, 4096)

    def end(self) -> None:
        """End the running or the next sleep."""
        with contextlib.suppress(BlockingIOError):  # the pipe is full of reasons to wake up already
            os.write(self._mouth, b"!")

    def close(self) -> None:
        os.close(self._ear)
        os.close(self._mouth)
