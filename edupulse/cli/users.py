"""`users`: who may sign in."""

from __future__ import annotations

import secrets
import sys

import click

from edupulse.accounts import users as accounts
from edupulse.accounts.models import ROLES, User
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.tokens import tokens
from edupulse.errors import Invalid

GENERATED_BYTES = 15  # 20 characters, 120 bits


@click.group(cls=Noun)
def users() -> None:
    """People who may sign in."""


users.add_command(tokens)


@users.command()
@click.argument("email")
@click.option("--name", default="", help="How the person is called; default: the address.")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate", is_flag=True, help="Make a password and print it once.")
@json_option
def create(email: str, name: str, role: str, password_stdin: bool, generate: bool, as_json: bool) -> None:
    """Let EMAIL sign in."""
    password = _password(password_stdin, generate)
    user = accounts.create_user(email, name, role, password, actor=actor())
    shown = {"password": password} if generate else {}
    show_facts({**_facts(user), **shown}, as_json=as_json)


@users.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List everybody."""
    rows = [_facts(user) for user in accounts.all_users()]
    columns = ("email", "name", "role", "active", "last_seen_at")
    show_rows(rows, columns, as_json=as_json, empty="Nobody yet. Run: python cli.py users create EMAIL")


@users.command()
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--generate", is_flag=True, help="Make a password and print it once.")
@json_option
def password(email: str, password_stdin: bool, generate: bool, as_json: bool) -> None:
    """Give EMAIL a new password and end all their sessions."""
    accounts.find_user(email)  # before anybody types a password for nobody
    chosen = _password(password_stdin, generate)
    user = accounts.set_password(email, chosen, actor=actor())
    shown = {"password": chosen} if generate else {}
    show_facts({**_facts(user), **shown}, as_json=as_json)


@users.command()
@click.argument("email")
@json_option
def show(email: str, as_json: bool) -> None:
    """Show one person."""
    show_facts(_facts(accounts.find_user(email)), as_json=as_json)


@users.command()
@click.argument("email")
@click.argument("role", type=click.Choice(ROLES))
@json_option
def role(email: str, role: str, as_json: bool) -> None:
    """Give EMAIL another role: a viewer looks, an operator acts, an admin manages."""
    show_facts(_facts(accounts.set_role(email, role, actor=actor())), as_json=as_json)


@users.command()
@click.argument("email")
@click.argument("locale", type=click.Choice((*accounts.LOCALES, "browser")))
@json_option
def language(email: str, locale: str, as_json: bool) -> None:
    """Speak to EMAIL in English or Chinese, or as their browser asks."""
    wanted = "" if locale == "browser" else locale
    show_facts(_facts(accounts.set_locale(email, wanted, actor=actor())), as_json=as_json)


@users.command()
@click.argument("email")
@click.argument("name")
@json_option
def rename(email: str, name: str, as_json: bool) -> None:
    """Call EMAIL otherwise."""
    show_facts(_facts(accounts.set_name(email, name, actor=actor())), as_json=as_json)


@users.command()
@click.argument("email")
@json_option
def activate(email: str, as_json: bool) -> None:
    """Let EMAIL sign in again."""
    show_facts(_facts(accounts.set_active(email, True, actor=actor())), as_json=as_json)


@users.command()
@click.argument("email")
@json_option
def deactivate(email: str, as_json: bool) -> None:
    """Let EMAIL sign in no more; ends their sessions, and their tokens are worth nothing meanwhile."""
    show_facts(_facts(accounts.set_active(email, False, actor=actor())), as_json=as_json)


def generated_password() -> str:
    """Return a password nobody can guess."""
    return secrets.token_urlsafe(GENERATED_BYTES)


def _password(from_stdin: bool, generate: bool) -> str:
    if from_stdin and generate:
        raise Invalid("--password-stdin and --generate exclude each other.", cure="Give one of them.")
    if generate:
        return generated_password()
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise Invalid(
            "There is no terminal to ask for a password.", cure="Add --generate or --password-stdin."
        )
    chosen: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return chosen


def _facts(user: User) -> dict[str, object]:
    return {
        name: getattr(user, name)
        for name in ("email", "name", "role", "active", "locale", "created_at", "last_seen_at")
    }
