"""A file that one thread has for itself: a lock that the kernel releases however its process dies."""

from __future__ import annotations

import errno
import fcntl
import os
from io import FileIO
from pathlib import Path
from weakref import WeakSet

_held: WeakSet[FileIO] = WeakSet()  # each with its lock


def hold(path: Path, flags: int = 0) -> FileIO:
    """Open and lock a file. Raises BlockingIOError if somebody has it, FileNotFoundError if it has gone."""
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    file = FileIO(handle, "r+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(path.stat(), os.fstat(handle)):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    except BaseException:
        file.close()
        raise
    _held.add(file)
    return file


def _let_go_after_fork() -> None:
    # A lock is shared with a child: without this it would outlive the thread that writes.
    for file in list(_held):
        file.close()


os.register_at_fork(after_in_child=_let_go_after_fork)
