"""Backups that are old enough go; the newest that was verified stays, however old it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.logs import get_logger
from edupulse.transaction import transaction
from edupulse.upkeep import archive, place
from edupulse.upkeep.models import Backup

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
    """Return those made before `until`, but for the newest of all."""
    return [row for row in newest_first[1:] if row.started_at < until]


def adopt(folder: Path) -> int:
    """Give each finished file that no row names a row: after a restore the database does not know the later ones."""
    with transaction() as session:
        known = set(session.scalars(select(Backup.name)))
        new = [path for path in place.files(folder) if path.name not in known]
        session.add_all(_row_of(path) for path in new)
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


def _row_of(path: Path) -> Backup:
    # A file gets its name when it was verified.
    facts = path.stat()
    made = datetime.fromtimestamp(facts.st_mtime, UTC)
    return Backup(
        name=path.name, host=place.host(), actor="system", state="verified", bytes=facts.st_size,
        encrypted=archive.is_encrypted(path), started_at=made, verified_at=made,
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
