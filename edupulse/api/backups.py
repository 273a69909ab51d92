"""`/backups`: those that were made, and that another one is made. Restoring is a command."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from edupulse.api.answers import facts_of, page_of
from edupulse.api.gate import actor
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.noun import Noun
from edupulse.api.schema import Paged, PageOf, Shown
from edupulse.upkeep import backup, listing

noun = Noun("backups", __name__, url_prefix="/backups")


class Backup(Shown):
    """A backup: running, verified (all of it was read again), failed, deleted for its age, or missing on its disk.

    `contents` says what is in it: release, schema, rows by table, keys of Redis, files of the storage.
    """

    id: int
    name: str
    host: str
    state: str
    error: str
    encrypted: bool
    bytes: int
    sha256: str
    contents: dict[str, Any]
    actor: str
    started_at: datetime
    verified_at: datetime | None
    deleted_at: datetime | None


class Which(Paged):
    """`state` narrows the list."""

    state: Literal["", "running", "verified", "failed", "deleted", "missing"] = ""


@noun.get("/", query=Which, gives=PageOf[Backup])
def list_backups(query: Which) -> dict[str, Any]:
    """List them, newest first."""
    return page_of(listing.backups(query.state, **query.page()), Backup)


@noun.get("/<int:backup_id>/", gives=Backup)
def show(backup_id: int) -> dict[str, Any]:
    """Show one."""
    return facts_of(listing.existing(backup_id), Backup)


@noun.post("/", gives=JobInFull, status=202)
def create() -> dict[str, Any]:
    """Let a worker make one on its machine and verify it; the run that is under way already is returned as it is."""
    return in_full(backup.ask(actor=actor()))
