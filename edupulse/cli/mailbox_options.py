"""What was typed about a mailbox becomes a draft; what is not given stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import click

from edupulse.cli.durations import DURATION
from edupulse.mailboxes.drafts import PORTS, MailboxDraft
from edupulse.mailboxes.models import AFTER_ACTIONS, AUTHS, SECURITIES

Command = TypeVar("Command", bound=Callable[..., Any])

MEGABYTE = 1_000_000
PLAIN = (
    "name", "host", "port", "security", "username", "auth", "tenant", "client_id", "folder", "address", "enabled",
    "after_action", "move_to",
)  # fmt: skip


def draft_options(command: Command) -> Command:
    """Give a command the options by which a mailbox is described, without its secrets."""
    options = (
        click.option("--host", default=None, help="The IMAP server, e.g. imap.example.org."),
        click.option("--port", type=int, default=None, help="By default 993 with tls, else 143."),
        click.option("--security", type=click.Choice(SECURITIES), default=None, help="[default: tls]"),
        click.option("--username", default=None, help="Mostly the whole address."),
        click.option("--auth", type=click.Choice(AUTHS), default=None,
                     help="A password (app password, authorisation code), or OAuth.  [default: password]"),
        click.option("--tenant", default=None, help="Microsoft: the organisation."),
        click.option("--client-id", default=None, help="OAuth: the application registered with the provider."),
        click.option("--folder", default=None, help="[default: INBOX]"),
        click.option("--address", default=None, help="Under which people write to it, if not the user name."),
        click.option("--every", type=DURATION, default=None,
                     help="How often it is polled, e.g. 60s, 5m.  [default: MAILBOX_POLL_INTERVAL]"),
        click.option("--enabled/--disabled", default=None, help="Whether it is polled.  [default: enabled]"),
        click.option("--after", "after_action", type=click.Choice(AFTER_ACTIONS), default=None,
                     help="What the server is told of a message that is safely stored.  [default: none]"),
        click.option("--move-to", default=None, help="With --after move: the folder."),
        click.option("--staff", multiple=True, metavar="ADDRESS",
                     help="Who is mailed about what nobody else handles; can be repeated; \"\" for nobody."),
        click.option("--largest-mb", type=float, default=None,
                     help="Larger messages are kept, but not taken apart.  [default: 25]"),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def draft_from(typed: dict[str, Any], before: MailboxDraft, secrets: dict[str, str]) -> MailboxDraft:
    """Return `before` with what was typed; a usual port follows when only the encryption changes."""
    values: dict[str, Any] = {name: typed[name] for name in PLAIN if typed.get(name) is not None}
    if "security" in values and before.port == PORTS.get(before.security):
        values.setdefault("port", None)
    if typed["staff"]:
        values["staff"] = tuple(each for each in typed["staff"] if each.strip())
    if (every := typed["every"]) is not None:
        values["interval_seconds"] = every // timedelta(seconds=1)
    if (megabytes := typed["largest_mb"]) is not None:
        values["largest_bytes"] = _bytes(megabytes)
    return replace(before, **{**values, **secrets})


def _bytes(megabytes: float) -> int:
    try:
        return round(megabytes * MEGABYTE)
    except (ValueError, OverflowError):  # nan and inf are floats too
        return 0
