"""`people`: who is known; listed, entered, changed, removed, taken in from a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, print_json, show_facts, show_page
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import line
from edupulse.people import listing, rows
from edupulse.people.entry import FIELDS
from edupulse.people.intake import IntakeReport, problems_as_csv, take_in
from edupulse.people.models import LOCALES, Person

SHOWN = 5  # problems; --json and --errors have more
SHOWN_FACTS = ("id", *FIELDS, "created_at", "updated_at", "revision")
NUMBERS = ("read", "added", "changed", "same", "rejected")

Command = TypeVar("Command", bound=Callable[..., Any])

revision_option = click.option(
    "--revision", type=click.IntRange(0), default=None, help="Only if nobody has changed them since this one."
)


def fields_options(command: Command) -> Command:
    """Give a command the options by which a person is described, without their name."""
    options = (
        click.option("--email", default=None, help="Where they are written to."),
        click.option("--phone", default=None),
        click.option("--locale", type=click.Choice(("", *LOCALES)), default=None,
                     help="The language of their mails; \"\": the organisation's."),
        click.option("--number", "external_id", default=None, help="Theirs in the program they come from."),
        click.option("--note", default=None),
        click.option("--active/--left", default=None, help="Who has left is kept, and not written to."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.group(cls=Noun)
def people() -> None:
    """Pupils, parents, members: whom bills, groups and mailings are for."""


@people.command("list")
@click.option("--search", default="", help="A part of the name, address, number or telephone.")
@click.option("--state", type=click.Choice(("active", "left")), default=None, help="Only these.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def list_people(search: str, state: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List people, newest first."""
    page = listing.people(search, state or "", cursor, limit)
    columns = ("id", "name", "email", "external_id", "phone", "locale", "active")
    found = [_facts(each) for each in page.items]
    empty = "Nobody is found. Enter somebody: python cli.py people add --help"
    show_page(found, columns, page.next, as_json=as_json, empty=empty)


@people.command()
@click.argument("person_id", type=ROW_NUMBER)
@json_option
def show(person_id: int, as_json: bool) -> None:
    """Show what is known of a person."""
    show_facts(_facts(rows.existing(person_id)), as_json=as_json)


@people.command()
@click.argument("name")
@fields_options
@json_option
def add(name: str, as_json: bool, **fields: Any) -> None:
    """Enter a person called NAME."""
    show_facts(_facts(rows.add({"name": name, **_said(fields)}, actor=actor())), as_json=as_json)


@people.command()
@click.argument("person_id", type=ROW_NUMBER)
@click.option("--name", default=None)
@fields_options
@revision_option
@json_option
def change(person_id: int, revision: int | None, as_json: bool, **fields: Any) -> None:
    """Change what is named of a person; "" takes away what was there."""
    changed = rows.change(person_id, _said(fields), actor=actor(), revision=revision)
    show_facts(_facts(changed), as_json=as_json)


@people.command()
@click.argument("person_id", type=ROW_NUMBER)
@revision_option
@json_option
def remove(person_id: int, revision: int | None, as_json: bool) -> None:
    """Remove a person whom nothing names, such as a bill."""
    rows.remove(person_id, actor=actor(), revision=revision)
    show_facts({"id": person_id, "removed": True}, as_json=as_json)


@people.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would become of each line.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write the lines that cannot be used, and why, into this file.")  # fmt: skip
@json_option
def import_people(file: Path, dry_run: bool, errors: Path | None, as_json: bool) -> None:
    """Take people in from a table (CSV, XLSX); the same file again changes nothing."""
    report = take_in(file.read_bytes(), file.name, actor=actor(), dry_run=dry_run)
    if errors:
        errors.write_bytes(problems_as_csv(report.problems, rejected=report.rejected))
    if as_json:
        print_json(
            {name: getattr(report, name) for name in (*NUMBERS, "columns", "problems")} | {"dry_run": dry_run}
        )
        return
    show_facts({name: getattr(report, name) for name in NUMBERS}, as_json=False)
    _say_the_rest(report, dry_run=dry_run)


def _say_the_rest(report: IntakeReport, *, dry_run: bool) -> None:
    for each in report.problems[:SHOWN]:
        click.echo(f"line {each.line}: {line(each.problem)}", err=True)
    if report.rejected > SHOWN:
        click.echo(f"... and {report.rejected - SHOWN} more: see them with --errors FILE", err=True)
    if left_out := [each.heading for each in report.columns if each.heading and not each.meaning]:
        click.echo(line(f"Columns that were left out: {', '.join(left_out)}"), err=True)
    if dry_run:
        click.echo("Nothing was taken in: leave out --dry-run to do it.", err=True)


def _said(fields: dict[str, Any]) -> dict[str, str | bool]:
    return {name: value for name, value in fields.items() if value is not None}


def _facts(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in SHOWN_FACTS}
