"""`finance bills`: listed, looked at, entered, changed, voided; what else is done with them is in the files beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from edupulse.cli import bill_import, bill_orders
from edupulse.cli.bill_facts import (
    facts_of,
    facts_of_payment,
    page_of,
    row_of,
    row_of_payment,
    row_of_total,
)
from edupulse.cli.bill_options import bill_options, person_of, values_of
from edupulse.cli.command import Noun, actor
from edupulse.cli.output import (
    json_option,
    page_option,
    print_json,
    say_more,
    show_facts,
    show_page,
    show_rows,
)
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.finance import bills as domain
from edupulse.finance import listing, timeline
from edupulse.finance.bills import NewBill
from edupulse.finance.listing import STATES, BillFilter
from edupulse.finance.models import Bill
from edupulse.finance.money import check_currency, parse_amount

bill_argument = click.argument("bill_id", type=ROW_NUMBER)
revision_option = click.option(
    "--revision",
    type=int,
    default=None,
    help="Refuse if the bill has another one by now: somebody was faster.",
)


@click.group(cls=Noun)
def bills() -> None:
    """Bills: who owes what until when, and what came in."""


VERBS: dict[str, Callable[..., None]] = {**bill_orders.VERBS, **bill_import.VERBS}
for verb, command in VERBS.items():
    bills.command(verb)(command)


@bills.command("list")
@click.option("--search", default="", help="A part of number, title, name or address.")
@click.option("--state", type=click.Choice(STATES), default=None)
@click.option("--person", default="", help="Only those of this person: #id, number, address or name.")
@click.option("--due-from", default="", metavar="DAY")
@click.option("--due-until", default="", metavar="DAY", help="This day is among them.")
@click.option("--currency", default="")
@click.option("--limit", type=click.IntRange(1, 500), default=20, show_default=True)
@page_option
@json_option
def list_bills(limit: int, cursor: str, as_json: bool, person: str, **typed: str | None) -> None:
    """List bills, newest first, and the sums of all that match."""
    said = {name: value for name, value in typed.items() if value}
    if person:
        said["person_id"] = str(person_of(person).id)
    wanted = BillFilter.of(said)
    page = listing.bills(wanted, cursor, limit)
    if as_json:
        print_json([facts_of(each) for each in page.items])
        say_more(page.next)
        return
    columns = ("id", "number", "person", "title", "due_on", "amount", "open", "state")
    rows = [row_of(each) for each in page.items]
    show_page(rows, columns, page.next, as_json=False, empty="There is no such bill.")
    if rows:
        _titled("Sums", [row_of_total(each) for each in listing.totals(wanted)])


@bills.command()
@bill_argument
@json_option
def show(bill_id: int, as_json: bool) -> None:
    """Show one bill: what is paid, its story, and why no reminder goes out, if none does."""
    bill, story = domain.existing(bill_id), timeline.story(bill_id)
    lines: list[dict[str, object]] = [
        {"at": each.at, "what": each.what, "detail": each.detail or None} for each in story
    ]
    silence = timeline.why_no_reminder(bill_id)
    if as_json:
        payments = [facts_of_payment(each) for each in bill.payments]
        print_json({**facts_of(bill), "payments": payments, "story": lines, "no_reminder": silence or None})
        return
    show_facts({**page_of(bill), "no_reminder": silence or None}, as_json=False)
    _titled("Payments", [row_of_payment(each) for each in bill.payments])
    _titled("Story", lines)


@bills.command()
@click.argument("person")
@click.argument("title")
@click.argument("amount")
@click.option("--currency", default=None, help="ISO 4217, e.g. CNY.  [default: CURRENCY]")
@click.option("--number", default=None, help="As it stands on paper.  [default: the next one]")
@bill_options
@json_option
def add(person: str, title: str, amount: str, as_json: bool, **typed: Any) -> None:
    """Enter a bill for PERSON (#id, number, address or name).

    `finance bills add "Zoë Berg" "Piano, March" 85.00 --due +14`
    """
    if typed["due_on"] is None:
        raise Invalid("When is it due?", cure="Give --due 2026-03-31, or --due +14.", field="due_on")
    values = values_of(typed)
    values["currency"] = check_currency(values.get("currency") or current_settings().currency)
    minor = parse_amount(amount, values["currency"])
    _show(
        domain.add(
            NewBill(person_id=person_of(person).id, title=title, amount_minor=minor, **values), actor=actor()
        ),
        as_json=as_json,
    )


@bills.command()
@bill_argument
@click.option("--title", default=None)
@click.option("--amount", default=None)
@click.option("--person", default=None, help="Only while nothing is paid: #id, number, address or name.")
@bill_options
@revision_option
@json_option
def change(bill_id: int, person: str | None, revision: int | None, as_json: bool, **typed: Any) -> None:
    """Change what is given of a bill; the rest stays."""
    bill = domain.existing(bill_id)
    values = values_of(typed, bill)
    if person is not None:
        values["person_id"] = person_of(person).id
    _show(domain.change(bill_id, values, actor=actor(), revision=revision), as_json=as_json)


@bills.command()
@bill_argument
@click.option("--reason", required=True, help="Why, for those who wonder later.")
@revision_option
@json_option
def void(bill_id: int, reason: str, revision: int | None, as_json: bool) -> None:
    """Say that a bill does not hold any more; it stays on record, and nobody is reminded of it."""
    _show(domain.void(bill_id, reason, actor=actor(), revision=revision), as_json=as_json)


@bills.command()
@bill_argument
@revision_option
@json_option
def unvoid(bill_id: int, revision: int | None, as_json: bool) -> None:
    """Let a void bill hold again."""
    _show(domain.unvoid(bill_id, actor=actor(), revision=revision), as_json=as_json)


def _show(bill: Bill, *, as_json: bool) -> None:
    show_facts(facts_of(bill) if as_json else page_of(bill), as_json=as_json)


def _titled(title: str, rows: list[dict[str, object]]) -> None:
    if rows:
        click.echo(f"\n{title}")
        show_rows(rows, tuple(rows[0]), as_json=False, empty="")
