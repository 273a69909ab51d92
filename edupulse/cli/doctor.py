"""`doctor`: what is wrong, and how to mend it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict

import click
from flask.cli import ScriptInfo

from edupulse.cli.command import Command
from edupulse.cli.output import json_option, print_json, show_rows
from edupulse.doctor.examination import examine


@click.command(cls=Command)
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Find what is wrong and say how to mend it. Exit code 1 when there is a problem."""
    findings = examine(ctx.ensure_object(ScriptInfo).load_app)
    counted = Counter(finding.state for finding in findings)
    rows = [asdict(finding) for finding in findings]
    if as_json:
        print_json(rows)
    else:
        show_rows(rows, ("id", "state", "finding", "cure"), as_json=False, empty="")
        click.echo(_conclusion(counted))
    ctx.exit(1 if counted["problem"] else 0)


def _conclusion(counted: Counter[str]) -> str:
    if not counted["problem"] and not counted["warning"]:
        return "\nEverything is as it should be."
    counts = f"\nProblems: {counted['problem']}, warnings: {counted['warning']}, fine: {counted['ok']}."
    return (
        f"{counts} Mend these, then look again: more can be checked then." if counted["problem"] else counts
    )
