"""`messages replay|settle|approve`: what a person orders about received messages."""

from __future__ import annotations

from collections.abc import Callable

import click

from edupulse.cli.command import actor
from edupulse.cli.message_facts import facts_of
from edupulse.cli.output import json_option, show_facts
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.errors import Invalid
from edupulse.mailboxes import orders
from edupulse.reminders import invitations


@click.argument("message_id", type=ROW_NUMBER, required=False)
@click.option("--all", "every", is_flag=True, help="All that is in quarantine.")
@json_option
def replay(message_id: int | None, every: bool, as_json: bool) -> None:
    """Read a message anew from its stored bytes; what was done about it is not done twice."""
    if every == (message_id is not None):
        raise Invalid("Say which message, or --all for the whole quarantine.", cure="Give one of them.")
    if message_id is None:
        show_facts({"replayed": orders.replay_all(actor=actor())}, as_json=as_json)
        return
    run = orders.replay(message_id, actor=actor())
    show_facts({"message": message_id, "run": run.id, "state": run.state}, as_json=as_json)
    if not as_json:
        click.echo(f"What becomes of it: python cli.py messages show {message_id}", err=True)


@click.argument("message_id", type=ROW_NUMBER)
@json_option
def settle(message_id: int, as_json: bool) -> None:
    """Note that somebody has dealt with a message."""
    row = orders.settle(message_id, actor=actor())
    names = ("id", "subject", "attention", "settled_at", "settled_by")
    facts = facts_of(row)
    show_facts(facts if as_json else {name: facts[name] for name in names}, as_json=as_json)


@click.argument("message_id", type=ROW_NUMBER)
@json_option
def approve(message_id: int, as_json: bool) -> None:
    """Take in an invitation from somebody whom nobody knows yet."""
    done = invitations.approve(message_id, actor=actor())
    event_id = done.detail.get("event_id")
    show_facts({"message": message_id, "event": event_id, "outcome": done.words}, as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"replay": replay, "settle": settle, "approve": approve}
