"""`messages`: what was received, what it was taken for, and what was done about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from edupulse.cli import message_files, message_orders
from edupulse.cli.command import Noun
from edupulse.cli.message_facts import (
    facts_of,
    page_of,
    row_of,
    rows_of_actions,
    rows_of_thread,
    shown,
)
from edupulse.cli.output import json_option, page_option, show_facts, show_page, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import plain
from edupulse.mailboxes import accounts, monitor
from edupulse.mailboxes.models import KINDS, MESSAGE_STATES

COLUMNS = ("id", "stored_at", "mailbox", "from", "subject", "kind", "state", "to_look_at")
LONGEST_TEXT = 4_000  # characters on a terminal; --json and `raw` have all


@click.group(cls=Noun)
def messages() -> None:
    """Received messages."""


VERBS: dict[str, Callable[..., None]] = {**message_orders.VERBS, **message_files.VERBS}
for verb, command in VERBS.items():
    messages.command(verb)(command)


@messages.command("list")
@click.option("--mailbox", default=None, metavar="NAME", help="Only messages of this mailbox.")
@click.option("--kind", type=click.Choice(KINDS), default=None, help="Only messages of this kind.")
@click.option("--state", type=click.Choice(MESSAGE_STATES), default=None, help="Only messages in this state.")
@click.option("--attention/--no-attention", default=None, help="Only those that a person should look at.")
@click.option("--search", default="", help="Only with this text in sender, subject or Message-ID.")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_messages(mailbox: str | None, limit: int, as_json: bool, **filters: Any) -> None:
    """List messages, newest first."""
    wanted = {name: value or "" for name, value in filters.items() if name != "attention"}
    found = monitor.messages(
        mailbox_id=accounts.by_name(mailbox).id if mailbox is not None else None,
        attention=filters["attention"],
        size=limit,
        **wanted,
    )
    rows = [facts_of(each) if as_json else row_of(each) for each in found.items]
    show_page(rows, COLUMNS, found.next, as_json=as_json, empty="No message matches.")


@messages.command()
@click.argument("message_id", type=ROW_NUMBER)
@click.option("--text/--no-text", "with_text", default=True, help="With what it says.")
@json_option
def show(message_id: int, with_text: bool, as_json: bool) -> None:
    """Show one message: what it says, what it is and why, what was done about it, and what it belongs to."""
    message = monitor.message(message_id)
    if as_json:
        show_facts(shown(message), as_json=True)
        return
    show_facts(page_of(message), as_json=False)
    click.echo()
    columns = ("handler", "rule", "why", "state", "tries", "outcome")
    show_rows(rows_of_actions(message), columns, as_json=False, empty="Nothing was done about it yet.")
    if thread := rows_of_thread(message):
        click.echo("\nIn the same conversation")
        show_rows(thread, ("id", "stored_at", "from", "subject"), as_json=False, empty="")
    if with_text and message.event:
        click.echo(f"\n{_shortened(plain(message.event.text.strip()))}")


@messages.command()
@json_option
def totals(as_json: bool) -> None:
    """Count what a person should look at, what is in quarantine, and the mailboxes that cannot be read."""
    show_facts(monitor.totals(), as_json=as_json)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}\n… ({len(text):,} characters in all; --json shows them)"
