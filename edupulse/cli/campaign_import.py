"""`campaigns import`: people come into an audience, from a table, from lines, or from where they are known."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from edupulse.campaigns import audience
from edupulse.campaigns.models import Intake
from edupulse.cli.command import actor
from edupulse.cli.output import json_option, print_json, show_facts
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import plain
from edupulse.errors import Invalid

SHOWN = 5  # errors that are shown; --json and --errors have them all
STDIN = "-"


@click.argument("campaign_id", type=ROW_NUMBER)
@click.argument("file", required=False)
@click.option("--event", default=None, metavar="ID", help="The attendees of an event.")
@click.option("--users", default=None, metavar="ROLE", help="Who signs in here, with this role.")
@click.option("--campaign", default=None, metavar="ID", help="The audience of another campaign.")
@click.option("--people", default=None, metavar="active", help="Everybody who is known and has not left.")
@click.option("--column", "columns", multiple=True, metavar="HEADING=FIELD",
              help="Read a column as address, name, locale, or as this personal field.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be taken in.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write the lines that could not be used, and why, into this file.")  # fmt: skip
@json_option
def import_people(
    campaign_id: int,
    file: str | None,
    columns: tuple[str, ...],
    dry_run: bool,
    errors: Path | None,
    as_json: bool,
    **sources: str | None,
) -> None:
    """Take people into the audience: from a table (CSV, XLSX), from lines ("-" reads them), or from a source.

    Everybody is in it once; what is read is added, merged or rejected, and the numbers add up.
    """
    chosen = [(key, value) for key, value in sources.items() if value is not None]
    if len(chosen) + (file is not None) != 1:
        raise Invalid(
            "Which people?",
            cure="Name one file, or one of --event, --users, --campaign, --people.",
            field="file",
        )
    source = chosen[0] if chosen else None
    if dry_run:
        _show_report(_checked(campaign_id, file, source, _mapping(columns)), errors, as_json=as_json)
    else:
        _show_intake(_taken(campaign_id, file, source, _mapping(columns)), errors, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"import": import_people}


def _checked(
    campaign_id: int, file: str | None, source: tuple[str, str | None] | None, mapping: dict[str, str] | None
) -> audience.Report:
    if source:
        return audience.check_source(campaign_id, source[0], source[1] or "")
    if file == STDIN:
        return audience.check_lines(campaign_id, sys.stdin.read())
    return audience.check(campaign_id, _table(file or ""), mapping)


def _taken(
    campaign_id: int, file: str | None, source: tuple[str, str | None] | None, mapping: dict[str, str] | None
) -> Intake:
    if source:
        return audience.take_source(campaign_id, source[0], source[1] or "", actor=actor())
    if file == STDIN:
        return audience.take_lines(campaign_id, sys.stdin.read(), actor=actor())
    return audience.take_in(campaign_id, _table(file or ""), mapping=mapping, actor=actor())


def _table(name: str) -> Any:
    path = Path(name)
    if not path.is_file():
        raise Invalid(f"There is no file “{name}”.", cure="Check its path.", field="file")
    return audience.read_table(path.read_bytes(), path.name)


def _mapping(columns: Iterable[str]) -> dict[str, str] | None:
    pairs = [column.partition("=") for column in columns]
    if bad := [heading for heading, equals, _ in pairs if not equals]:
        raise Invalid(f"“{bad[0]}” says no field.", cure="Write it as HEADING=FIELD.", field="column")
    return {heading: field for heading, _, field in pairs} or None


def _show_report(report: audience.Report, errors: Path | None, *, as_json: bool) -> None:
    if errors:
        errors.write_bytes(audience.errors_as_csv(report.errors, rejected=report.rejected))
    numbers = _numbers(report)
    if as_json:
        print_json({**numbers, "dry_run": True, "facts": report.facts, "errors": report.errors})
        return
    show_facts({**numbers, "fields": report.facts.get("fields")}, as_json=False)
    _show_errors(report.errors)
    click.echo("Nothing was taken in: leave out --dry-run to do it.", err=True)


def _show_intake(intake: Intake, errors: Path | None, *, as_json: bool) -> None:
    if errors:
        errors.write_bytes(audience.error_file(intake.id))
    if as_json:
        print_json({**_numbers(intake), "intake": intake.id, "title": intake.title, "errors": intake.errors})
        return
    show_facts(_numbers(intake), as_json=False)
    _show_errors(intake.errors)


def _numbers(found: audience.Report | Intake) -> dict[str, object]:
    return {name: getattr(found, name) for name in ("read", "added", "merged", "rejected")}


def _show_errors(errors: list[dict[str, Any]]) -> None:
    for error in errors[:SHOWN]:
        click.echo(plain(f"line {error['line']}: {error['problem']}"), err=True)
    if len(errors) > SHOWN:
        click.echo(f"... and {len(errors) - SHOWN} more: see them all with --errors FILE", err=True)
