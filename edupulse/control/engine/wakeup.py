"""A pipe that ends a `select`: by a signal, or by a thread that has something to hand over."""

from __future__ import annotations

import contextlib
import os
import select
import signal


class Wakeup:
    """One per process: signals that have a handler write to it as well."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)

    def fileno(self) -> int:
        """Return what `select` watches."""
        return self._reading

    def listen_to_signals(self) -> None:
        """Let each signal with a Python handler ring too; only in the main thread."""
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)

    def ring(self) -> None:
        """End the present or the next `select`; safe in any thread."""
        with contextlib.suppress(BlockingIOError):  # full: it has been rung often enough
            os.write(self._writing, b"!")

    def wait(self, seconds: float) -> None:
        """Return when it is rung, or after `seconds`."""
        select.select([self], [], [], seconds)

    def clear(self) -> None:
        """Forget what was rung so far."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._reading, 65536)

    def close(self) -> None:
        with contextlib.suppress(ValueError):  # not in the main thread: it was never set there
            signal.set_wakeup_fd(-1)
        os.close(self._reading)
        os.close(self._writing)
