"""`cleanup`: how long data is kept, what would go now, and that it goes."""

from __future__ import annotations

from dataclasses import asdict

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.clock import now
from edupulse.upkeep import caches
from edupulse.upkeep import cleanup as keeping
from edupulse.upkeep.classes import CLASSES, KEYS
from edupulse.upkeep.cleanup import Result


@click.group(cls=Noun)
def cleanup() -> None:
    """Data that has been kept long enough."""


@cleanup.command("list")
@json_option
def list_classes(as_json: bool) -> None:
    """List the classes of data: how long each is kept, what goes then and what stays."""
    names = ("key", "title", "days", "default_days", "setting", "goes", "stays")
    rows = [{name: getattr(each, name) for name in names} for each in CLASSES]
    if not as_json:
        rows = [{**row, "kept": f"{row['days']} days" if row["days"] else "for ever"} for row in rows]
    show_rows(rows, ("key", "kept", "goes", "stays"), as_json=as_json, empty="")


@cleanup.command()
@click.option(
    "--class",
    "classes",
    multiple=True,
    type=click.Choice(KEYS),
    help="Only this one; may be given several times.",
)
@click.option("--remove", is_flag=True, help="Delete it; without it it is only counted.")
@json_option
def run(classes: tuple[str, ...], remove: bool, as_json: bool) -> None:
    """Count, or delete, what has been kept long enough."""
    results = keeping.run(now(), classes or None, dry_run=not remove, actor=actor())
    rows = [asdict(each) for each in results if as_json or each.rows]
    columns = ("key", "title", "until", "rows", "bytes")
    show_rows(rows, columns, as_json=as_json, empty="Nothing is old enough.")
    if rows and not as_json:
        click.echo(_conclusion(results, remove))


@cleanup.command()
@json_option
def cache(as_json: bool) -> None:
    """Empty the caches and remove what was left lying about."""
    show_facts(caches.clear(now(), actor=actor()), as_json=as_json)


def _conclusion(results: list[Result], removed: bool) -> str:
    rows = sum(each.rows for each in results)
    return f"{rows} were deleted." if removed else f"{rows} would be deleted. Add --remove to do it."
