"""An SQLite file takes the place of another, which is put aside; at no moment is there none."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from edupulse.errors import Conflict, Unavailable

LOGS = ("-wal", "-shm")  # what SQLite has beside the file
WAIT_MS = 2000  # for whoever only looks at the database


def swap(new: Path, present: Path, moment: datetime) -> Path | None:
    """Put `new` in the place of `present`; return where that lies now, None where there was nothing.

    Raises Conflict while another program has it open.
    """
    _sync(new)  # a name that is on the disk before its content would lead to nothing after a power cut
    name = _free(present.with_name(f"{present.name}.before-{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"))
    aside = _set_aside(present, name) if present.exists() else None
    _give_to_owner(new, present if aside else present.parent)
    _move_logs(present, name)  # a log that stays would be read into the new file
    os.replace(new, present)
    _sync(present.parent)
    return aside


def put_back(aside: Path, present: Path) -> None:
    """Undo a swap."""
    for beside in LOGS:
        Path(f"{present}{beside}").unlink(missing_ok=True)  # of the one that goes
    _move_logs(aside, present)
    os.replace(aside, present)
    _sync(present.parent)


def _set_aside(present: Path, aside: Path) -> Path:
    """Give it a second name; what stands in its log is written into it before, where it is sound enough for that."""
    _close_log(present)
    try:
        os.link(present, aside)
    except OSError:  # a disk without second names
        shutil.copy2(present, aside)
    return aside


def _give_to_owner(new: Path, former: Path) -> None:
    """Let it belong to whom the former one belonged, where root restores: the service could not write it."""
    facts = former.stat()
    new.chmod(stat.S_IMODE(facts.st_mode) & 0o666)
    if os.geteuid() == 0:
        os.chown(new, facts.st_uid, facts.st_gid)


def _move_logs(present: Path, aside: Path) -> None:
    for beside in LOGS:
        if Path(f"{present}{beside}").exists():
            os.replace(f"{present}{beside}", f"{aside}{beside}")


def _close_log(present: Path) -> None:
    """Write the log into the file and remove it, unless the file is too damaged for that.

    Only the last one who has the database open can (https://sqlite.org/pragma.html#pragma_journal_mode).
    """
    try:
        with closing(sqlite3.connect(present, timeout=WAIT_MS / 1000, isolation_level=None)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode == "delete":
                connection.execute("BEGIN EXCLUSIVE")
                connection.execute("ROLLBACK")
                return
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise Unavailable(
                f"{present} cannot be opened: {error}.", cure="Look at the disk and who owns it."
            ) from error
    except sqlite3.DatabaseError:
        return
    raise Conflict(
        f"Another program has {present} open.",
        cure="Stop EduPulse and whatever else uses it, then restore again.",
    )


def _free(wanted: Path) -> Path:
    number = 2
    path = wanted
    while path.exists():
        path, number = wanted.with_name(f"{wanted.name}-{number}"), number + 1
    return path


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
