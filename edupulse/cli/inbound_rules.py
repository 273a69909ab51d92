"""`mailboxes rules`: what is done with some messages; kept, put in order, tried on a message."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.inbound_rule_options import draft_from, rule_options
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.cli.strangers import line
from edupulse.errors import NotFound
from edupulse.mailboxes.dispatch import planning as dispatch
from edupulse.mailboxes.dispatch import rules as kept
from edupulse.mailboxes.dispatch.conditions import Condition
from edupulse.mailboxes.dispatch.rules import RuleDraft
from edupulse.mailboxes.models import InboundRule

COLUMNS = ("position", "id", "name", "if", "then", "goes_on", "enabled")
UNSAVED = "This rule"  # how one is called that is only tried


@click.group("rules", cls=Noun)
def rules() -> None:
    """Rules: what is done with some messages, before what is built in."""


@rules.command("list")
@json_option
def list_rules(as_json: bool) -> None:
    """List the rules in the order in which they are asked."""
    empty = "There is no rule: each message goes to what is built in. Add one: mailboxes rules add --help"
    show_rows(_rows(kept.listing(), as_json=as_json), COLUMNS, as_json=as_json, empty=empty)


@rules.command()
@click.argument("name")
@rule_options
@json_option
def add(name: str, as_json: bool, **typed: Any) -> None:
    """Add the rule NAME as the last one; it is asked of every message that comes from now on.

    `mailboxes rules add Invoices --if subject contains invoice --if from ends_with @supplier.example --then
    handler:staff`
    """
    added = kept.add(draft_from(typed, RuleDraft(name=name)), actor=actor())
    _show(added, as_json=as_json)
    if not as_json:
        click.echo("Try it on a message: python cli.py mailboxes rules explain MESSAGE_ID", err=True)


@rules.command()
@click.argument("rule")
@json_option
def show(rule: str, as_json: bool) -> None:
    """Show RULE (its name or number)."""
    _show(_rule(rule), as_json=as_json)


@rules.command()
@click.argument("rule")
@click.option("--name", default=None, help="How it is called from now on.")
@rule_options
@json_option
def change(rule: str, name: str | None, as_json: bool, **typed: Any) -> None:
    """Change what is given of RULE (its name or number); new conditions take the place of all old ones."""
    found = _rule(rule)
    before = kept.draft_of(found)
    draft = draft_from(typed, replace(before, name=before.name if name is None else name))
    _show(kept.change(found.id, draft, actor=actor()), as_json=as_json)


@rules.command()
@click.argument("rule")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def remove(rule: str, yes: bool, as_json: bool) -> None:
    """Throw RULE (its name or number) away; what it has done stays on record."""
    found = _rule(rule)
    facts = {"id": found.id, "name": found.name, "removed": True}
    if not yes:
        click.confirm(f"Remove the rule “{found.name}”?", abort=True, err=True)
    kept.remove(found.id, actor=actor())
    show_facts(facts, as_json=as_json)


@rules.command()
@click.argument("rule")
@click.argument("position", type=click.IntRange(1, 10_000))
@json_option
def move(rule: str, position: int, as_json: bool) -> None:
    """Make RULE (its name or number) the POSITIONth that is asked; 1 is the first."""
    ordered = kept.move(_rule(rule).id, position, actor=actor())
    show_rows(_rows(ordered, as_json=as_json), COLUMNS, as_json=as_json, empty="")


@rules.command()
@click.argument("message_id", type=ROW_NUMBER)
@rule_options
@json_option
def explain(message_id: int, as_json: bool, **typed: Any) -> None:
    """Say of each rule and handler whether the message fits it, and why; nothing is done.

    With --if and --then, such a rule is asked first as if it were stored.
    """
    is_described = any(value not in (None, ()) for value in typed.values())
    draft = draft_from(typed, RuleDraft(name=UNSAVED)) if is_described else None
    told = dispatch.explain(message_id, draft)
    rows = [
        asdict(each)
        if as_json
        else {
            "who": each.name,
            "what": "rule" if each.is_rule else "built in",
            "fits": each.fits,
            "acts": each.is_taken,
            "why": line(each.why),
            "does": each.action,
        }
        for each in told
    ]
    show_rows(rows, ("who", "what", "fits", "acts", "why", "does"), as_json=as_json, empty="")


def _rule(name_or_id: str) -> InboundRule:
    wanted = name_or_id.strip()
    listed = kept.listing()
    named = [each for each in listed if each.name.casefold() == wanted.casefold()]
    numbered = [each for each in listed if str(each.id) == wanted]
    for found in named or numbered:
        return found
    raise NotFound(
        f"There is no rule “{line(wanted)[:100]}”.", cure="See: python cli.py mailboxes rules list"
    )


def _show(rule: InboundRule, *, as_json: bool) -> None:
    show_facts(_rows([rule], as_json=as_json)[0], as_json=as_json)


def _rows(listed: list[InboundRule], *, as_json: bool) -> list[dict[str, object]]:
    return [_facts(each) if as_json else _row(each) for each in listed]


def _facts(rule: InboundRule) -> dict[str, object]:
    names = (
        "id",
        "position",
        "name",
        "enabled",
        "mailbox_id",
        "conditions",
        "action",
        "arguments",
        "goes_on",
    )
    return {name: getattr(rule, name) for name in (*names, "created_at", "updated_at")}


def _row(rule: InboundRule) -> dict[str, object]:
    asked = [Condition(**each).words() for each in rule.conditions]
    if rule.mailbox_id is not None:
        asked.insert(0, f"it came to mailbox {rule.mailbox_id}")
    arguments = [f"{name}={value}" for name, value in rule.arguments.items()]
    return {
        "position": rule.position,
        "id": rule.id,
        "name": rule.name,
        "if": "; ".join(asked) or "every message",
        "then": " ".join([rule.action, *arguments]),
        "goes_on": rule.goes_on,
        "enabled": rule.enabled,
    }
