"""A second process for a test: a fork of this one that does something, says so and waits to be killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONGEST_SECONDS = 60  # that a forgotten child lives


@contextmanager
def forked(act: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Do `act` in another process while the block runs; the block gets what waits until it is done."""
    done, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        _live(act, tell)
    os.close(tell)

    def wait() -> None:
        assert os.read(done, 1) == b"d", "the other process failed"

    try:
        yield wait
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(done)


def _live(act: Callable[[], object], tell: int) -> None:
    try:
        act()
        os.write(tell, b"d")
        time.sleep(LONGEST_SECONDS)
    finally:
        os._exit(0)  # none of the parent's business is ours to end
