"""What was typed about a bill or a payment becomes values; what is not given stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edupulse.cli.days import day
from edupulse.errors import Invalid
from edupulse.finance.models import METHODS, Bill
from edupulse.finance.money import parse_amount
from edupulse.people import listing, rows
from edupulse.people.models import Person

Command = TypeVar("Command", bound=Callable[..., Any])

MOST_NAMED = 5  # people among whom to choose
DAYS = ("due_on", "issued_on", "received_on")


def bill_options(command: Command) -> Command:
    """Give a command the options by which a bill is described, without whom and how much it is about."""
    options = (
        click.option("--due", "due_on", default=None, metavar="DAY", help="2026-03-31, or +14 for in two weeks."),
        click.option("--issued", "issued_on", default=None, metavar="DAY", help="[default: today]"),
        click.option("--note", default=None, help="What else stands in the mail, e.g. where to pay."),
        click.option("--remind/--no-remind", default=None, help="Whether mails remind of it.  [default: remind]"),
    )  # fmt: skip
    return _with(command, options)


def money_options(command: Command) -> Command:
    """Give a command the options by which money is described that came in or went back."""
    options = (
        click.option("--on", "received_on", default=None, metavar="DAY", help="[default: today]"),
        click.option("--method", type=click.Choice(METHODS), default=None, help="[default: transfer]"),
        click.option("--reference", default=None, help="The bank's; the same one is the same money."),
        click.option("--note", default=None),
    )
    return _with(command, options)


def person_of(text: str) -> Person:
    """Return whom `text` names: #id, number, address or name; raises Invalid saying who fits."""
    if text.startswith("#") and text[1:].isascii() and text[1:].isdecimal():
        return rows.existing(int(text[1:]))
    if found := listing.find(text):
        return found
    near = listing.people(text, size=MOST_NAMED + 1).items
    if len(near) == 1:
        return near[0]
    names = ", ".join(f"#{each.id} {each.name}" for each in near[:MOST_NAMED])
    if near:
        raise Invalid(
            f"Several people fit “{text[:60]}”: {names}.", cure="Name one by its #.", field="person"
        )
    raise Invalid(f"Nobody fits “{text[:60]}”.", cure="See: python cli.py people list", field="person")


def values_of(typed: dict[str, Any], bill: Bill | None = None) -> dict[str, Any]:
    """Return what was given, read: days as days, the amount in minor units of the currency of `bill`."""
    values = {name: value for name, value in typed.items() if value is not None}
    for name in DAYS:
        if name in values:
            values[name] = day(values[name], name)
    if bill and "amount" in values:
        values["amount_minor"] = parse_amount(values.pop("amount"), bill.currency)
    return values


def _with(command: Command, options: tuple[Callable[[Command], Command], ...]) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
