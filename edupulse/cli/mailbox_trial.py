"""`mailboxes test`: the connection is tried step by step, and each step is said as it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict

import click
from rich.text import Text

from edupulse.cli.output import console, json_option, print_json
from edupulse.cli.strangers import plain
from edupulse.errors import Unavailable
from edupulse.mailboxes import accounts
from edupulse.mailboxes.imap.trial import Step
from edupulse.mailboxes.signin import connecting


@click.argument("name")
@json_option
def test(name: str, as_json: bool) -> None:
    """Try the connection of the mailbox NAME, from the server's name to the count of messages; nothing is fetched."""
    tell(connecting.try_out(accounts.by_name(name).id), as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {"test": test}


def tell(steps: Iterable[Step], *, as_json: bool) -> None:
    """Say each step as it ends; raise Unavailable at the one that fails, with its cure."""
    taken = []
    for step in steps:
        taken.append(step)
        if not as_json:
            _say(step)
    if as_json:
        print_json({"ok": all(step.ok for step in taken), "steps": [asdict(step) for step in taken]})
    _require_end(taken)


def require_way_in(steps: Iterable[Step]) -> None:
    """Say each step on stderr; raise Unavailable at the one that fails, with its cure."""
    taken = []
    for step in steps:
        taken.append(step)
        _say(step, err=True)
    _require_end(taken)


def _require_end(taken: list[Step]) -> None:
    if taken and not taken[-1].ok:
        last = taken[-1]
        raise Unavailable(
            f"The way to the mailbox ends at “{last.name}”: {plain(last.words)}", cure=last.cure
        )


def _say(step: Step, *, err: bool = False) -> None:
    line = Text(f"{'ok' if step.ok else 'FAILED':6} ", style="green" if step.ok else "red")
    line.append(f"{step.name:8} ", style="bold").append(plain(step.words)).append(
        f" ({step.ms} ms)", style="dim"
    )
    if err:
        click.echo(line.plain, err=True)
    else:
        console().print(line)
