"""`exports`: tables as files, asked for, followed, fetched and thrown away."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from edupulse.cli import command
from edupulse.cli.command import Noun
from edupulse.cli.output import json_option, page_option, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.waiting import wait_for
from edupulse.errors import Invalid
from edupulse.exports import monitor, orders
from edupulse.exports.ending import UNDER_WAY
from edupulse.exports.models import EXPORT_STATES, FORMATS, Export
from edupulse.exports.shelf import pieces_of
from edupulse.exports.tables import TABLES

FACTS = (
    "id", "table", "format", "filters", "state", "error", "rows", "total", "bytes", "filename", "sha256", "actor",
    "run_id", "created_at", "started_at", "ended_at", "expires_at", "downloads",
)  # fmt: skip
LONGEST_WAIT = 4 * 3600.0  # seconds: as long as the job may take


@dataclass(frozen=True)
class Shell:
    """Who has the machine's shell may see everything on it."""

    email: str = field(default_factory=command.actor)
    role: str = "admin"


@click.group(cls=Noun)
def exports() -> None:
    """Tables as files: CSV, JSON lines, Excel."""


@exports.command()
@json_option
def tables(as_json: bool) -> None:
    """List the tables, their columns and what narrows them."""
    rows = [
        {
            "table": table.key,
            "title": table.title,
            "filters": [each.name for each in table.every_filter],
            "columns": [column.name for column in table.columns],
        }
        for table in TABLES.values()
    ]
    show_rows(rows, ("table", "title", "filters"), as_json=as_json, empty="There is no table.")


@exports.command("list")
@click.option("--state", type=click.Choice(EXPORT_STATES), default=None, help="Only exports in this state.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def list_exports(state: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List everybody's exports, newest first."""
    page = monitor.listing(Shell(), state or "", cursor, limit)
    columns = ("id", "table", "format", "state", "rows", "total", "actor", "created_at")
    empty = "Nothing was exported yet. See: python cli.py exports make --help"
    show_page([_facts(each) for each in page.items], columns, page.next, as_json=as_json, empty=empty)


@exports.command()
@click.argument("export_id", type=ROW_NUMBER)
@json_option
def show(export_id: int, as_json: bool) -> None:
    """Show how far an export is."""
    show_facts(_facts(monitor.export(export_id, Shell())), as_json=as_json)


@exports.command()
@click.argument("table", type=click.Choice(list(TABLES)))
@click.option("--format", "kind", type=click.Choice(FORMATS), default="csv", show_default=True)
@click.option(
    "--filter", "narrowed", multiple=True, metavar="NAME=VALUE", help="As `exports tables` lists them."
)
@click.option("--wait", "waits", is_flag=True, help="Wait until the file is there.")
@json_option
def make(table: str, kind: str, narrowed: tuple[str, ...], waits: bool, as_json: bool) -> None:
    """Ask for TABLE as a file; a worker writes it.

    python cli.py exports make deliveries --filter since=2026-01-01 --filter state=bounced
    """
    export = orders.ask(table, kind, dict(_pair(each) for each in narrowed), reader=Shell())
    if waits:
        what = f"Export {export.id}"
        export = wait_for(
            lambda: monitor.export(export.id, Shell()), _is_over, what=what, seconds=LONGEST_WAIT
        )
    show_facts(_facts(export), as_json=as_json)
    if not as_json:
        click.echo(f"Fetch it: python cli.py exports download {export.id} FILE", err=True)


@exports.command()
@click.argument("export_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@json_option
def download(export_id: int, file: Path | None, as_json: bool) -> None:
    """Write the finished file into FILE, a new one, by default under its own name."""
    found = monitor.file(export_id, Shell())
    place = file or Path(found.export.filename)
    try:
        with place.open("xb") as target:
            target.writelines(pieces_of(found.data, found.size))
    except FileExistsError:
        raise Invalid(f"There is a file {place} already.", cure="Give another name.", field="file") from None
    finally:
        found.data.close()
    show_facts({"id": export_id, "file": place, "bytes": found.size}, as_json=as_json)


@exports.command()
@click.argument("export_id", type=ROW_NUMBER)
@json_option
def cancel(export_id: int, as_json: bool) -> None:
    """Stop writing an export; what there is of it goes."""
    show_facts(_facts(orders.cancel(export_id, reader=Shell())), as_json=as_json)


@exports.command()
@click.argument("export_id", type=ROW_NUMBER)
@json_option
def delete(export_id: int, as_json: bool) -> None:
    """Throw a file away before its time."""
    show_facts(_facts(orders.delete(export_id, reader=Shell())), as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid(f"“{text[:80]}” is no filter.", cure="Write NAME=VALUE.", field="filter")
    return name, value


def _is_over(export: Export) -> bool:
    return export.state not in UNDER_WAY


def _facts(export: Export) -> dict[str, Any]:
    facts = {name: getattr(export, name) for name in FACTS}
    return {**facts, **{name: facts[name] or None for name in ("error", "filename", "sha256")}}
