"""The folder of the backups: who may read it, who works in it, what a killed backup has left there."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edupulse.config import current_settings
from edupulse.errors import Conflict, Unavailable

LOCK = "backup.lock"
PART, WORK = ".part", ".work"  # a file that is being written, a folder of what goes into it or came out of it
MAKING, READING = "backup-", "restore-"  # how such a folder begins
ABANDONED_AFTER = timedelta(days=1)  # nobody reads one backup for so long
_OURS = re.compile(r"edupulse-\d{8}T\d{6}Z(-\d+)?\.tar\.gz(\.enc)?")


def folder() -> Path:
    """Return BACKUP_DIR, made where it is not there, for us alone. Raises Unavailable."""
    path = Path(current_settings().backup_dir)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(path, error) from error
    return path


def host() -> str:
    """Return the machine whose disk this is."""
    return socket.gethostname()


def name_for(moment: datetime, taken: Collection[str], *, encrypted: bool) -> str:
    """Return the name of a backup made at `moment`, unlike those that are taken."""
    ending = ".tar.gz.enc" if encrypted else ".tar.gz"
    stem, stems = stem_for(moment), {name.partition(".")[0] for name in taken}
    number, wanted = 1, stem
    while wanted in stems:
        number += 1
        wanted = f"{stem}-{number}"
    return wanted + ending


def stem_for(moment: datetime) -> str:
    """Return how the names of backups made at `moment` begin."""
    return f"edupulse-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def files(among: Path) -> list[Path]:
    """Return the finished backups in a folder, oldest first."""
    try:
        return sorted(path for path in among.iterdir() if _OURS.fullmatch(path.name) and path.is_file())
    except OSError as error:
        raise unusable(among, error) from error


@contextmanager
def working(among: Path) -> Iterator[None]:
    """Be the only one who makes or deletes backups in a folder; what a killed one left there goes first.

    Raises Conflict while another process is at it. The kernel gives the lock back however its holder ends.
    """
    try:
        handle = os.open(among / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise unusable(among, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another process works on the backups in {among} now."
            raise Conflict(
                message, cure="Wait until it is done; `python cli.py backup list` shows it."
            ) from None
        _tidy(among)
        yield
    finally:
        os.close(handle)


@contextmanager
def work_in(among: Path) -> Iterator[Path]:
    """Give the block a folder for what goes into a backup; a killed one leaves it for `working` to remove."""
    with tempfile.TemporaryDirectory(prefix=MAKING, suffix=WORK, dir=among) as work:
        yield Path(work)


def rename(begun: Path, finished: Path) -> None:
    """Give a file its name, so that the name is on the disk too."""
    os.replace(begun, finished)
    handle = os.open(finished.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def require_room(among: Path, bytes: int) -> None:
    """Raise Unavailable unless so much fits on the disk of a folder."""
    free = shutil.disk_usage(among).free
    if free < bytes:
        message = f"A backup may need {bytes / 1e6:,.0f} MB in {among}, where {free / 1e6:,.0f} MB are free."
        raise Unavailable(message, cure="Make room there, or set BACKUP_DIR to a folder on a larger disk.")


def unusable(path: Path, error: OSError) -> Unavailable:
    """Return the refusal of a folder that cannot be used."""
    cure = "Set BACKUP_DIR to a folder that the user of EduPulse may write to."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        cure = "Make room there, or set BACKUP_DIR to a folder on a larger disk."
    return Unavailable(f"Backups cannot be kept in {path}: {error.strerror or error}.", cure=cure)


def tidy_readings(among: Path, moment: datetime) -> None:
    """Remove what backups that were read have left in a folder when they were killed a day ago or earlier."""
    for path in among.glob(f"{READING}*{WORK}"):
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < (moment - ABANDONED_AFTER).timestamp():
                shutil.rmtree(path, ignore_errors=True)


def _tidy(among: Path) -> None:
    for path in among.iterdir():
        if path.name.endswith(PART):
            path.unlink(missing_ok=True)
        elif path.name.startswith(MAKING) and path.name.endswith(WORK):
            shutil.rmtree(path, ignore_errors=True)
