"""Is the data folder one that can be relied on: ours, for our eyes only, and on a disk that stays?"""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from edupulse.config import current_settings
from edupulse.doctor.finding import Finding, ok, problem, warning

FORGETFUL = {"tmpfs", "ramfs"}
# SQLite's WAL and our lock of the folder need a kernel that sees all who use the file.
DISTANT = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs"}
SECRETS = ("secret_key", "encryption_key")
LOST_AND_FOUND = "lost+found"  # root's, at the top of each disk of its own
LARGE_LOG = 200_000_000  # bytes; a log is put aside when its process starts and has written 5 MB


def writable() -> Iterator[Finding]:
    """Check that we may write there."""
    folder = current_settings().data_dir
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        cure = f"Make {folder} a folder that the user of EduPulse may write to."
        yield problem(
            "data_folder", f"The data folder cannot be written: {error.strerror or error}, {folder}.", cure
        )
    else:
        yield ok("data_folder", f"The data folder {folder} can be written.")


def owner() -> Iterator[Finding]:
    """Check that all in it belongs to one user: what root wrote, the service cannot change."""
    folder = current_settings().data_dir
    strange = [path for path in _first_files(folder) if _owner_of(path) not in (None, folder.stat().st_uid)]
    if not strange:
        yield ok("data_owner", "All in the data folder belongs to one user.")
        return
    user = _name(folder)
    shown = ", ".join(str(path.relative_to(folder)) for path in strange[:3])
    more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
    yield problem(
        "data_owner",
        f"{shown}{more} in the data folder belong to {_name(strange[0])}, the folder itself to {user}.",
        f"Run: sudo chown -R {user} {folder}",
    )


def readers() -> Iterator[Finding]:
    """Check that nobody else can change our data or read our keys."""
    folder = current_settings().data_dir
    found = []
    if folder.stat().st_mode & stat.S_IWOTH:
        found.append(
            problem("data_readers", f"Every user of this machine can change {folder}.", f"chmod o-w {folder}")
        )
    for path in (folder / name for name in SECRETS):
        if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            found.append(
                problem(
                    f"{path.name}_readers",
                    f"Other users of this machine can read {path}.",
                    f"Run: chmod 600 {path}",
                )
            )
    yield from found
    if not found:
        yield ok("data_readers", "Nobody else can change the data or read the keys.")


def disk_kind() -> Iterator[Finding]:
    """Check that the folder is on a disk of this machine that keeps what it is given."""
    folder = current_settings().data_dir
    kind = _kind_of(folder)
    cure = "Set EDUPULSE_DATA_DIR to a folder on a disk of this machine, and move the data there."
    if kind in DISTANT:
        yield problem(
            "data_disk", f"{folder} is on a disk of another machine ({kind}): data may be damaged.", cure
        )
    elif kind in FORGETFUL:
        yield warning(
            "data_disk", f"{folder} is in memory ({kind}): all is gone when the machine restarts.", cure
        )
    else:
        yield ok("data_disk", "The data is on a disk of this machine.")


def logs() -> Iterator[Finding]:
    """Check that no log grows without end."""
    large = [
        path
        for path in (current_settings().data_dir / "log").glob("*.log")
        if path.stat().st_size > LARGE_LOG
    ]
    for path in large:
        finding = f"The log of {path.stem} has grown to {path.stat().st_size / 1e6:.0f} MB."
        yield warning(f"log_{path.stem}", finding, "Put it aside with: python cli.py restart")
    if not large:
        yield ok("logs", "No log is too large.")


def _first_files(folder: Path) -> Iterator[Path]:
    """Give what lies in the folder and one step below; stored mails are too many to be looked at."""
    for entry in folder.iterdir():
        if entry.name == LOST_AND_FOUND:
            continue
        yield entry
        if entry.is_dir() and not entry.is_symlink() and entry.name != "storage":
            with suppress(PermissionError, FileNotFoundError):  # whose it is is told by the folder itself
                yield from entry.iterdir()


def _owner_of(path: Path) -> int | None:
    """Return the user's number; None for what is gone by now: a work at hand comes and goes."""
    try:
        return path.lstat().st_uid
    except FileNotFoundError:
        return None


def _name(path: Path) -> str:
    try:
        return path.owner()
    except KeyError:
        return str(path.stat().st_uid)  # a number without a name


def _kind_of(folder: Path) -> str:
    """Return the kind of file system: that of the longest mount point above the folder."""
    place = os.path.realpath(folder)
    above = [
        each
        for each in psutil.disk_partitions(all=True)
        if place == each.mountpoint or place.startswith(each.mountpoint.rstrip("/") + "/")
    ]
    return max(above, key=lambda each: len(each.mountpoint)).fstype if above else ""
