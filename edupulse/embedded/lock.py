"""One stack per data folder: a lock that the kernel releases however its holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edupulse.errors import Conflict, Denied

LOCK = "stack.lock"
LOOKS, LOOK_SECONDS = 10, 0.02  # whoever only looks at the lock has it for microseconds


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
    with _opened(folder) as handle:
        return handle is not None and not _try(handle, fcntl.LOCK_SH)


def holder(folder: Path) -> int | None:
    """Return the process of the stack that runs on `folder`; None when none does, whatever a dead one left."""
    for _ in range(LOOKS):
        with _opened(folder) as handle:
            if handle is None or _try(handle, fcntl.LOCK_SH):
                return None
            if found := _written(handle):
                return found
        time.sleep(LOOK_SECONDS)  # it has the lock and is about to write who it is
    return None


def _locked(path: Path) -> int:
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _try_patiently(handle):
            pid = _written(handle)
            os.close(handle)
            raise Conflict(
                f"EduPulse already runs on {path.parent} (process {pid or 'unknown'}).",
                cure="It can be used as it is, or stopped with `python cli.py stop`.",
            )
        if _is_still_there(path, handle):
            return handle
        os.close(handle)  # the former holder removed the file in between: take the new one


def _try_patiently(handle: int) -> bool:
    """Lock it; somebody who only asks whether it is locked must not keep a stack from starting."""
    for _ in range(LOOKS):
        if _try(handle, fcntl.LOCK_EX):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _try(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _written(handle: int) -> int | None:
    text = os.pread(handle, 20, 0).decode(errors="replace").strip()
    return int(text) if text.isdecimal() else None


def _is_still_there(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


@contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """Give the lock's file to the block, or None where there is none; closing it also ends a look at it."""
    try:
        handle = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except PermissionError as error:
        raise Denied(
            f"The data in {folder} belongs to another user.",
            cure=f"Work as that user, for example: sudo -u {_owner(folder)} ...",
        ) from error
    try:
        yield handle
    finally:
        os.close(handle)


def _owner(folder: Path) -> str:
    try:
        return folder.owner()
    except KeyError:
        return f"#{folder.stat().st_uid}"  # a number without a name
