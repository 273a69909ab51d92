"""Backups that are old enough go; the newest that was verified stays, however old it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import EduPulseError
from edupulse.logs import get_logger
from edupulse.transaction import transaction
from edupulse.upkeep import archive, place
from edupulse.upkeep.models import Backup
from edupulse.upkeep.verify import contents_of, verify

KILLED = "The process that made it was ended before it was done."

log = get_logger(__name__)


def prune(moment: datetime, *, actor: str) -> list[str]:
    """Delete the backups of this machine that are older than BACKUP_KEEP_DAYS; return their names.

    Raises Conflict while a backup is made here.
    """
    folder = place.folder()
    with place.working(folder):
        settle_killed(folder)
        return prune_in(folder, moment, actor=actor)


def prune_in(folder: Path, moment: datetime, *, actor: str = "system") -> list[str]:
    """Do the same for whoever has the folder to himself."""
    adopt(folder)
    rows = _of_this_machine()
    for row in rows:
        if not (folder / row.name).is_file():
            _become(row, "missing")
    kept = [row for row in rows if (folder / row.name).is_file()]
    gone = too_old(kept, moment - timedelta(days=current_settings().backup_keep_days))
    for row in gone:
        (folder / row.name).unlink(missing_ok=True)
        _become(row, "deleted")
        record(actor, "backup.delete", f"backup:{row.id}", name=row.name)
    return [row.name for row in gone]


def too_old(newest_first: list[Backup], until: datetime) -> list[Backup]:
    """Return those made and found before `until`, but for the newest of all.

    A file that somebody has put here, to restore it, is found and stays for as long as one that was made today.
    """
    return [row for row in newest_first[1:] if max(row.started_at, row.verified_at or row.started_at) < until]


def adopt(folder: Path) -> int:
    """Give each finished file that no row names a row: after a restore the database does not know the later ones.

    One that cannot be read whole, or not with this key, gets none, and is never deleted.
    """
    with transaction() as session:
        known = set(session.scalars(select(Backup.name)))
    new = [row for path in place.files(folder) if path.name not in known and (row := _row_of(path, folder))]
    with transaction() as session:
        session.add_all(new)
    return len(new)


def settle_killed(folder: Path) -> None:
    """Give an outcome to what says that it is under way here, for whoever knows that nothing is.

    A file has its name when it was verified: its maker may have been killed before saying so.
    """
    running = select(Backup).where(Backup.state == "running", Backup.host == place.host())
    with transaction() as session:
        for row in session.scalars(running):
            path = folder / row.name
            if path.is_file():
                row.state, row.verified_at, row.bytes = "verified", now(), path.stat().st_size
            else:
                row.state, row.error = "failed", KILLED


def _row_of(path: Path, folder: Path) -> Backup | None:
    try:
        manifest = verify(path, folder)
    except EduPulseError as error:
        log.warning("a file is left alone", name=path.name, reason=error.message)
        return None
    return Backup(
        name=path.name, host=place.host(), actor="system", state="verified", bytes=path.stat().st_size,
        encrypted=archive.is_encrypted(path), contents=contents_of(manifest),
        started_at=datetime.fromisoformat(manifest["made_at"]), verified_at=now(),
    )  # fmt: skip


def _of_this_machine() -> list[Backup]:
    """Return those that are verified, newest first."""
    wanted = select(Backup).where(Backup.state == "verified", Backup.host == place.host())
    with transaction() as session:
        return list(session.scalars(wanted.order_by(Backup.started_at.desc(), Backup.id.desc())))


def _become(row: Backup, state: str) -> None:
    with transaction() as session:
        session.execute(update(Backup).where(Backup.id == row.id).values(state=state, deleted_at=now()))
    log.info("backup gone", name=row.name, state=state)
