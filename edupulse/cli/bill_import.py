"""`finance bills import`: a file of bills is taken in, or only looked into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from edupulse.cli.command import actor
from edupulse.cli.output import json_option, print_json, show_facts
from edupulse.cli.strangers import plain
from edupulse.finance import intake
from edupulse.finance.intake import IntakeReport

SHOWN = 5  # problems that are shown; --json and --errors have them all


@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would be entered.")
@click.option("--remind/--no-remind", default=True, show_default=True, help="Whether mails remind of them.")
@click.option("--errors", type=click.Path(dir_okay=False, path_type=Path), default=None,
              help="Write the lines that could not be used, and why, into this file.")  # fmt: skip
@json_option
def import_bills(file: Path, dry_run: bool, remind: bool, errors: Path | None, as_json: bool) -> None:
    """Enter the bills of FILE (CSV, XLSX); the same file twice enters nothing twice."""
    report = intake.take_in(file.read_bytes(), file.name, actor=actor(), dry_run=dry_run, remind=remind)
    if errors:
        errors.write_bytes(intake.problems_as_csv(report.problems, rejected=report.rejected))
    if as_json:
        print_json({**_numbers(report), "dry_run": dry_run, "problems": report.problems})
        return
    show_facts(_numbers(report), as_json=False)
    _show_problems(report)
    if dry_run:
        click.echo("Nothing was entered: leave out --dry-run to do it.", err=True)


VERBS: dict[str, Callable[..., None]] = {"import": import_bills}


def _numbers(report: IntakeReport) -> dict[str, object]:
    return {name: getattr(report, name) for name in ("read", "added", "same", "rejected")}


def _show_problems(report: IntakeReport) -> None:
    for each in report.problems[:SHOWN]:
        click.echo(plain(f"line {each.line}: {each.problem}"), err=True)
    if report.rejected > SHOWN:
        click.echo(f"... and {report.rejected - SHOWN} more: see them all with --errors FILE", err=True)
