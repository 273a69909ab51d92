"""One stack per data folder: a lock that the kernel releases however its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edupulse.errors import Conflict

LOCK = "stack.lock"


@contextmanager
def only_stack(folder: Path) -> Iterator[None]:
    """Hold the data folder while the block runs; raise Conflict when another stack holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    handle = _locked(path)
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)  # before the lock goes, so that nobody locks a file without a name
        os.close(handle)


def is_held(folder: Path) -> bool:
    """Say whether a stack runs on `folder`."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _locked(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode().strip() or "unknown"
            os.close(handle)
            raise Conflict(
                f"EduPulse already runs on {path.parent} (process {holder}).",
                cure="It can be used as it is, or stopped with Ctrl-C in its terminal.",
            ) from None
        if _is_still_there(path, handle):
            return handle
        os.close(handle)  # the former holder removed the file in between: take the new one


def _is_still_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False
