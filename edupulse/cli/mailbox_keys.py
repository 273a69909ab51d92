"""`mailboxes key|rotate-keys`: the keys that seal passwords are made, and changed without anybody noticing."""

from __future__ import annotations

from collections.abc import Callable

import click

from edupulse.cli.command import actor
from edupulse.cli.output import json_option, print_json, show_facts
from edupulse.mailboxes import accounts
from edupulse.sealing import key_id, new_key
from edupulse.secret import Secret

NEXT = (
    "This is the key {name}. Put it in front in ENCRYPTION_KEYS, before a comma and the old ones (where none is set, "
    "the old one is in the file encryption_key of the data folder); restart; then run: python cli.py mailboxes "
    "rotate-keys"
)


@json_option
def key(as_json: bool) -> None:
    """Make a key for ENCRYPTION_KEYS; it is printed once and stored nowhere."""
    made = new_key()
    name = key_id(Secret(made))
    if as_json:
        print_json({"id": name, "key": made})
        return
    click.echo(made)
    click.echo(NEXT.format(name=name), err=True)


@json_option
def rotate_keys(as_json: bool) -> None:
    """Seal every stored secret with the first key of ENCRYPTION_KEYS; then the others can be taken out."""
    changed = accounts.rotate_keys(actor=actor())
    show_facts({"resealed": changed}, as_json=as_json)
    if not as_json:
        click.echo(
            "All is sealed with the first key of ENCRYPTION_KEYS: the older ones can be taken out.", err=True
        )


VERBS: dict[str, Callable[..., None]] = {"rotate-keys": rotate_keys}
