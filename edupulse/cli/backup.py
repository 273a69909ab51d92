"""`backup`: made, listed, read through, restored; the key that encrypts them."""

from __future__ import annotations

from typing import Any

import click

from edupulse.cli.backup_bar import bar
from edupulse.cli.backup_restore import restore
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.sealing import key_id
from edupulse.secret import Secret
from edupulse.upkeep import backup as making
from edupulse.upkeep import encryption, listing, rotation
from edupulse.upkeep.models import BACKUP_STATES, Backup
from edupulse.upkeep.verify import verify as read_through

COLUMNS = ("id", "name", "state", "host", "bytes", "encrypted", "started_at", "error")
KEEP_IT = (
    "This is the key {name}. Set it as BACKUP_KEY and restart; keep a copy in another place: without it, nobody opens "
    "the backups that it encrypts."
)


@click.group("backup", cls=Noun)
def backup() -> None:
    """Backups of database, storage and Redis."""


@backup.command()
@click.option(
    "--storage/--no-storage",
    "with_storage",
    default=None,
    help="With the files of the storage, or only their list. Default: with them where they are on this machine.",
)
@json_option
def create(with_storage: bool | None, as_json: bool) -> None:
    """Make a backup on this machine and verify it; EduPulse may be at work."""
    made = making.make(actor=actor(), with_storage=with_storage)
    show_facts({**_facts(made), "path": listing.file_of(made)}, as_json=as_json)


@backup.command("list")
@click.option("--state", type=click.Choice(BACKUP_STATES), default=None, help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def list_backups(state: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List backups, newest first."""
    page = listing.backups(state or "", cursor, size=limit)
    rows = [_facts(each) for each in page.items]
    empty = "There is no backup yet. Make one: python cli.py backup create"
    show_page(rows, COLUMNS, page.next, as_json=as_json, empty=empty)


@backup.command()
@click.argument("backup_id", type=ROW_NUMBER, metavar="ID")
@json_option
def show(backup_id: int, as_json: bool) -> None:
    """Show one backup and what is in it."""
    found = listing.existing(backup_id)
    contents: dict[str, Any] = found.contents
    show_facts({**_facts(found), "sha256": found.sha256, "contents": contents}, as_json=as_json)


@backup.command()
@click.argument("which", metavar="NAME|PATH|latest")
@json_option
def verify(which: str, as_json: bool) -> None:
    """Read a whole backup and open its database; nothing else is touched."""
    path = listing.resolve(which)
    with bar("Reading", quiet=as_json) as progress:
        manifest = read_through(path, current_settings().data_dir, progress)
    facts = {
        name: manifest[name] for name in ("made_at", "release", "database", "schema", "redis", "storage")
    }
    rows = sum(manifest["rows"].values())
    show_facts({"path": path, "verified": True, **facts, "rows": rows}, as_json=as_json)


@backup.command()
@json_option
def prune(as_json: bool) -> None:
    """Delete what is older than BACKUP_KEEP_DAYS on this machine; the newest stays."""
    gone = rotation.prune(now(), actor=actor())
    show_facts({"deleted": len(gone), "names": gone}, as_json=as_json)


@backup.command()
@json_option
def key(as_json: bool) -> None:
    """Make a key for BACKUP_KEY; it is printed once and stored nowhere."""
    made = encryption.new_key()
    name = key_id(Secret(made))
    if as_json:
        print_json({"id": name, "key": made})
        return
    click.echo(made)
    click.echo(KEEP_IT.format(name=name), err=True)


backup.command()(restore)


def _facts(found: Backup) -> dict[str, Any]:
    names = (*COLUMNS, "actor", "verified_at", "deleted_at")
    facts = {name: getattr(found, name) for name in names}
    return {**facts, "error": found.error or None}
