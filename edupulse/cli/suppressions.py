"""`mail suppressions`: who must not be written to, why, and since when."""

from __future__ import annotations

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, page_option, show_facts, show_page
from edupulse.mail import suppressions as stopped
from edupulse.mail.models import Suppression

scope_option = click.option(
    "--scope",
    type=click.Choice(stopped.ALL_SCOPES),
    default=stopped.EVERYTHING,
    show_default=True,
    help="Which mail.",
)


@click.group("suppressions", cls=Noun)
def suppressions() -> None:
    """Who must not be written to."""


@suppressions.command("list")
@click.option("--search", default="", help="Only addresses with this text in them.")
@click.option(
    "--scope", type=click.Choice(stopped.ALL_SCOPES), default=None, help="Only what is stopped for this."
)
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@page_option
@json_option
def list_suppressions(search: str, scope: str | None, limit: int, cursor: str, as_json: bool) -> None:
    """List addresses that are not written to, newest first."""
    page = stopped.listing(search, scope or "", cursor, size=limit)
    rows = [_facts(each) for each in page.items]
    columns = ("address", "scope", "reason", "source", "created_at")
    show_page(rows, columns, page.next, as_json=as_json, empty="Nobody is suppressed.")


@suppressions.command()
@click.argument("address")
@scope_option
@click.option("--reason", required=True, help="Why, for those who wonder later.")
@json_option
def add(address: str, scope: str, reason: str, as_json: bool) -> None:
    """Stop mail to ADDRESS."""
    show_facts(_facts(stopped.add(address, reason=reason, actor=actor(), scope=scope)), as_json=as_json)


@suppressions.command()
@click.argument("address")
@scope_option
@json_option
def lift(address: str, scope: str, as_json: bool) -> None:
    """Allow mail to ADDRESS again."""
    stopped.lift(address, actor=actor(), scope=scope)
    show_facts({"address": address, "scope": scope, "lifted": True}, as_json=as_json)


def _facts(row: Suppression) -> dict[str, object]:
    return {name: getattr(row, name) for name in ("address", "scope", "reason", "source", "created_at")}
