"""Which backups there are, and where their files lie."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Conflict, NotFound
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.upkeep import place
from edupulse.upkeep.models import BACKUP_STATES, Backup

__all__ = ["BACKUP_STATES", "backups", "existing", "file_of", "named", "newest_verified"]


def backups(state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page[Backup]:
    """Return a page of the backups, newest first; raises Invalid for a bad cursor."""
    query = select(Backup).where(Backup.state == state) if state else select(Backup)
    return page_of(query, Order(Backup.started_at, Backup.id), cursor=cursor, size=size)


def existing(backup_id: int) -> Backup:
    """Return one backup; raises NotFound."""
    found = db.session.get(Backup, backup_id)
    if found is None:
        raise NotFound(f"There is no backup {backup_id}.", cure="`python cli.py backup list` names them.")
    return found


def named(name: str) -> Backup | None:
    """Return the backup of this name, where there is a row of it."""
    return db.session.scalar(select(Backup).where(Backup.name == name))


def newest_verified() -> Backup | None:
    """Return the newest backup that was verified and is there."""
    wanted = select(Backup).where(Backup.state == "verified")
    return db.session.scalar(wanted.order_by(Backup.started_at.desc(), Backup.id.desc()).limit(1))


def made_since(moment: datetime) -> bool:
    """Say whether one that was verified was begun since `moment`: it holds what there was then."""
    newest = newest_verified()
    return newest is not None and newest.started_at >= moment


def file_of(backup: Backup) -> Path:
    """Return where its file is. Raises Conflict where it is on another machine, NotFound where it is gone."""
    if backup.host != place.host():
        cure = f"Work on {backup.host}, or copy the file here and name it by its path."
        raise Conflict(f"{backup.name} is on the machine {backup.host}.", cure=cure, host=backup.host)
    path = Path(current_settings().backup_dir) / backup.name
    if not path.is_file():
        cure = "`python cli.py backup list` names the others."
        raise NotFound(f"The file of {backup.name} is not in {path.parent} any more.", cure=cure)
    return path


def resolve(text: str) -> Path:
    """Return the file that a person means: "latest", a name in BACKUP_DIR, or a path. Raises NotFound."""
    folder = Path(current_settings().backup_dir)
    if text == "latest":
        found = place.files(folder) if folder.is_dir() else []
        if not found:
            cure = "Name a file by its path."
            raise NotFound(f"There is no backup in {folder}.", cure=cure)
        return found[-1]
    for path in (Path(text), folder / text):
        if path.is_file():
            return path
    cure = "`python cli.py backup list` names the backups; a path works too."
    raise NotFound(f"There is no backup {text}.", cure=cure)
