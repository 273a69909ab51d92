"""`users token`: what programs sign in with."""

from __future__ import annotations

from datetime import timedelta

import click

from edupulse.accounts import tokens as accounts
from edupulse.accounts.models import ROLES, ApiToken
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.clock import now


@click.group("token", cls=Noun)
def tokens() -> None:
    """Tokens with which programs use the API."""


@tokens.command()
@click.argument("email")
@click.option("--name", required=True, help="What it is for, e.g. “school portal”.")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--days", type=click.IntRange(1, 3650), default=None, help="How long it lasts; default: until revoked."
)
@json_option
def make(email: str, name: str, role: str, days: int | None, as_json: bool) -> None:
    """Make a token for the programs of EMAIL and print it, once."""
    until = now() + timedelta(days=days) if days else None
    token, secret = accounts.make_token(email, name, role, actor=actor(), expires_at=until)
    show_facts({**_facts(token), "token": secret}, as_json=as_json)
    if not as_json:
        click.echo("Keep it now: it is not stored here and cannot be shown again.", err=True)


@tokens.command("list")
@click.argument("email", default="")
@json_option
def list_tokens(email: str, as_json: bool) -> None:
    """List the tokens of EMAIL, or all."""
    rows = [_facts(token) for token in accounts.list_tokens(email)]
    columns = ("id", "name", "email", "role", "hint", "valid", "expires_at", "last_used_at")
    show_rows(
        rows,
        columns,
        as_json=as_json,
        empty="No token yet. Run: python cli.py users token make EMAIL --name X",
    )


@tokens.command()
@click.argument("token_id", type=ROW_NUMBER)
@json_option
def revoke(token_id: int, as_json: bool) -> None:
    """End a token at once."""
    show_facts(_facts(accounts.revoke_token(token_id, actor=actor())), as_json=as_json)


def _facts(token: ApiToken) -> dict[str, object]:
    names = ("id", "name", "role", "hint", "created_at", "expires_at", "revoked_at", "last_used_at")
    known = {name: getattr(token, name) for name in names}
    return {**known, "email": token.user.email, "valid": accounts.is_valid(token)}
