"""Can what there is be had again: a backup of late, a folder for it, the programs that make it, a key?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select

from edupulse.accounts.models import User
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.errors import EduPulseError
from edupulse.upkeep import listing, place, snapshot_postgres

LATEST = timedelta(days=2)  # one is made each night: one night may fail
MAKE = "Make one: python cli.py backup create. It says what keeps it from being made."


def recent() -> Iterator[Finding]:
    """Check that a backup was verified in the last two days, or that EduPulse is not older than that."""
    newest = listing.newest_verified()
    if newest is not None and listing.made_since(now() - LATEST):
        yield ok("backup", f"The newest backup is {newest.name}, on {newest.host}.")
    elif newest is not None:
        yield warning("backup", f"The newest verified backup is old: {newest.name}.", MAKE)
    elif _is_new():
        yield ok("backup", "There is no backup yet; the first one is made tonight.")
    else:
        yield warning("backup", "There is no backup.", MAKE)


def writable() -> Iterator[Finding]:
    """Check that backups can be written; a folder that is not there yet can be made where that can."""
    folder = Path(current_settings().backup_dir)
    there_is = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there_is) as file:
            file.write(b"x")
    except OSError as error:
        refusal = place.unusable(folder, error)
        yield problem("backup_folder", refusal.message, refusal.cure)
    else:
        yield ok("backup_folder", f"Backups can be written to {folder}.")


def programs() -> Iterator[Finding]:
    """Check that the programs of PostgreSQL are here, and not older than the server."""
    if db.engine.dialect.name != "postgresql":
        return
    try:
        snapshot_postgres.require_tools(db.engine)
    except EduPulseError as error:
        yield problem("backup_programs", f"No backup can be made here: {error.message}", error.cure)
    else:
        yield ok("backup_programs", "pg_dump, pg_restore and psql fit the server.")


def key() -> Iterator[Finding]:
    """Advise a key in production: a backup holds the addresses of everybody."""
    settings = current_settings()
    if settings.backup_key:
        yield ok("backup_key", "Backups are encrypted.")
    elif settings.profile == "production":
        cure = "python cli.py backup key makes one; set it as BACKUP_KEY, and keep a copy in another place."
        yield warning("backup_key", "Backups are not encrypted: whoever has the file reads everything.", cure)


def _is_new() -> bool:
    first = db.session.scalar(select(func.min(User.created_at)))
    return first is None or first > now() - LATEST
