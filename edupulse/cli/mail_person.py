"""`mail why ADDRESS`: everything that was ever sent to one person, what came of it, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import click

from edupulse.cli.output import json_option, local, print_json
from edupulse.mail.timeline import Entry, Timeline, Try, timeline


@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@click.option("--page", "cursor", default="", help="Where to go on; the end of a page says it.")
@json_option
def why(address: str, limit: int, cursor: str, as_json: bool) -> None:
    """Say what ADDRESS got and did not get, newest first, with every attempt and what happens next."""
    found = timeline(address, cursor, limit)
    if as_json:
        print_json({**asdict(found), "entries": [asdict(each) for each in found.entries.items]})
        return
    click.echo(_headline(found))
    for stopped in found.suppressions:
        click.echo(
            f"Not written to ({stopped.scope}) since {local(stopped.created_at)}: {stopped.reason} "
            f"[{stopped.source}]"
        )
    for entry in found.entries.items:
        _show(entry)
    if found.entries.next:
        click.echo(f"There are more: add --page {found.entries.next}", err=True)


VERBS: dict[str, Callable[..., None]] = {"why": why}


def _headline(found: Timeline) -> str:
    if not found.counts:
        return f"{found.address}: no mail was ever meant for this address."
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(found.counts.items()))
    return f"{found.address}: {counts}"


def _show(entry: Entry) -> None:
    click.echo(
        f"\n{local(entry.accepted_at)}  {entry.title}  ({entry.kind}, mail {entry.delivery_id}): {entry.state}"
    )
    if entry.reason:
        click.echo(f"  {entry.reason}")
    for each in entry.attempts:
        click.echo(f"  {_tried(each)}")
    click.echo(f"  Next: {entry.next}")


def _tried(each: Try) -> str:
    answer = " ".join(str(part) for part in (each.code, each.enhanced, each.text) if part) or each.cause
    by = f" by {each.worker}" if each.worker else ""
    return f"{local(each.at)}  {each.phase}: {answer}  [{each.server}, {each.ms} ms{by}]"
