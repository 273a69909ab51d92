"""`finance bills pay`, `refund`, `remind`, `coming`, `check`: money on bills, and the mails about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from edupulse.cli.bill_facts import facts_of, facts_of_payment, page_of
from edupulse.cli.bill_options import money_options, values_of
from edupulse.cli.command import actor
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.clock import now
from edupulse.finance import bills, due, payments, sending
from edupulse.finance.coming import ComingReminder
from edupulse.finance.models import Payment
from edupulse.finance.money import amount_words


@click.argument("bill_id", type=ROW_NUMBER)
@click.argument("amount", required=False)
@money_options
@json_option
def pay(bill_id: int, amount: str | None, as_json: bool, **typed: Any) -> None:
    """Enter that AMOUNT came in for a bill; without it, all that is open.

    `finance bills pay 7 85.00 --on 2026-03-12 --reference "2026031200417"`
    """
    _enter(payments.pay, bill_id, amount, bills.existing(bill_id).open_minor, as_json, typed)


@click.argument("bill_id", type=ROW_NUMBER)
@click.argument("amount", required=False)
@money_options
@json_option
def refund(bill_id: int, amount: str | None, as_json: bool, **typed: Any) -> None:
    """Enter that AMOUNT went back; without it, all that was paid."""
    _enter(payments.refund, bill_id, amount, bills.existing(bill_id).paid_minor, as_json, typed)


@click.argument("bill_id", type=ROW_NUMBER)
@json_option
def remind(bill_id: int, as_json: bool) -> None:
    """Send a reminder of a bill now, whatever its day."""
    reminder = sending.remind_now(bill_id, actor=actor())
    names = ("id", "bill_id", "state", "reason", "delivery_id")
    show_facts({name: getattr(reminder, name) for name in names}, as_json=as_json)


@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@json_option
def coming(limit: int, as_json: bool) -> None:
    """List the reminders of bills that go out next."""
    rows = [_coming(each) for each in due.coming(limit)]
    columns = ("at", "number", "name", "title", "days", "open")
    show_rows(rows, columns, as_json=as_json, empty="No reminder of a bill is planned.")


@json_option
def check(as_json: bool) -> None:
    """Look at all pending bills now: mark what is overdue, plan reminders and hand them over."""
    show_facts(due.check(now()), as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {
    "pay": pay, "refund": refund, "remind": remind, "coming": coming, "check": check,
}  # fmt: skip


def _coming(each: ComingReminder) -> dict[str, object]:
    return {**asdict(each), "open": amount_words(each.open_minor, each.currency)}


def _enter(
    enter: Callable[..., Payment],
    bill_id: int,
    amount: str | None,
    whole: int,
    as_json: bool,
    typed: dict[str, Any],
) -> None:
    values = values_of({**typed, "amount": amount}, bills.existing(bill_id))
    payment = enter(bill_id, values.pop("amount_minor", whole), actor=actor(), **values)
    bill = bills.existing(bill_id)
    if as_json:
        print_json({"payment": facts_of_payment(payment), "bill": facts_of(bill)})
        return
    show_facts(page_of(bill), as_json=False)
