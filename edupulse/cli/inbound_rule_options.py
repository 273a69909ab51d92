"""What was typed about a rule becomes a draft; what is not given stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from edupulse.cli.job_send import from_pair
from edupulse.mailboxes import accounts
from edupulse.mailboxes.dispatch.conditions import FIELDS, TESTS, Condition
from edupulse.mailboxes.dispatch.rules import RuleDraft

Command = TypeVar("Command", bound=Callable[..., Any])

EVERY = "all"  # said instead of a mailbox's name: the rule is for each of them
IF_HELP = (
    f"All of them must hold; can be repeated. FIELD: {', '.join(FIELDS)}, header:NAME. TEST: {', '.join(TESTS)}. "
    "Letters match in either case."
)


def rule_options(command: Command) -> Command:
    """Give a command the options by which a rule is described."""
    options = (
        click.option("--if", "conditions", nargs=3, multiple=True, metavar="FIELD TEST VALUE", help=IF_HELP),
        click.option("--then", "action", default=None, metavar="ACTION",
                     help="handler:NAME, or job:NAME of the catalog.  [default: handler:staff]"),
        click.option("--with", "arguments", multiple=True, metavar="KEY=VALUE",
                     help="Arguments of the job, beside message_id; can be repeated."),
        click.option("--mailbox", default=None, metavar="NAME",
                     help=f"Only for messages of this mailbox; “{EVERY}” for each.  [default: {EVERY}]"),
        click.option("--goes-on/--ends-here", default=None,
                     help="Whether the rules behind it are asked too.  [default: ends here]"),
        click.option("--enabled/--disabled", default=None, help="[default: enabled]"),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def draft_from(typed: dict[str, Any], before: RuleDraft) -> RuleDraft:
    """Return `before` with what was typed."""
    values = {name: typed[name] for name in ("action", "goes_on", "enabled") if typed[name] is not None}
    if typed["conditions"]:
        values["conditions"] = tuple(Condition(*each) for each in typed["conditions"])
    if typed["arguments"]:
        values["arguments"] = dict(map(from_pair, typed["arguments"]))
    if (name := typed["mailbox"]) is not None:
        values["mailbox_id"] = None if name == EVERY else accounts.by_name(name).id
    return replace(before, **values)
