"""`mail why ADDRESS`: everything that was ever sent to one person, what came of it, and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import click

from edupulse.cli.output import json_option, local, page_option, print_json, say_more
from edupulse.cli.strangers import plain
from edupulse.mail.timeline import Entry, Timeline, Try, timeline


@click.argument("address")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def why(address: str, limit: int, cursor: str, as_json: bool) -> None:
    """Say what ADDRESS got and did not get, newest first, with every attempt and what happens next."""
    found = timeline(address, cursor, limit)
    if as_json:
        print_json({**asdict(found), "entries": [asdict(each) for each in found.entries.items]})
    else:
        _tell(found)
    say_more(found.entries.next)


VERBS: dict[str, Callable[..., None]] = {"why": why}


def _tell(found: Timeline) -> None:
    click.echo(_headline(found))
    for stopped in found.suppressions:
        since = local(stopped.created_at)
        click.echo(
            plain(f"Not written to ({stopped.scope}) since {since}: {stopped.reason} [{stopped.source}]")
        )
    for entry in found.entries.items:
        _show(entry)


def _headline(found: Timeline) -> str:
    if not found.counts:
        return f"{found.address}: no mail was ever meant for this address."
    counts = ", ".join(f"{count:,} {state}" for state, count in sorted(found.counts.items()))
    return f"{found.address}: {counts}"


def _show(entry: Entry) -> None:
    about = f"{plain(entry.title)}  ({entry.kind}, mail {entry.delivery_id}): {entry.state}"
    click.echo(f"\n{local(entry.accepted_at)}  {about}")
    if entry.reason:
        click.echo(f"  {plain(entry.reason)}")
    for each in entry.attempts:
        click.echo(f"  {plain(_tried(each))}")
    click.echo(f"  Next: {entry.next}")


def _tried(each: Try) -> str:
    answer = " ".join(str(part) for part in (each.code, each.enhanced, each.text) if part) or each.cause
    by = f" by {each.worker}" if each.worker else ""
    return f"{local(each.at)}  {each.phase}: {answer}  [{each.server}, {each.ms} ms{by}]"
