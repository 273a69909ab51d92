"""A child process is bound to the life of its parent, so that nothing is left running when the parent dies."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> Callable[[], None]:
    """Return what a new child must call so that the kernel kills it when `parent` dies, however it dies."""
    if sys.platform != "linux":
        return _do_nothing
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def bind_lives() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return bind_lives


def _do_nothing() -> None:
    """Elsewhere than on Linux the kernel offers no such bond."""
