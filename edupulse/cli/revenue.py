"""`finance revenue`: what came in, month by month."""

from __future__ import annotations

import click

from edupulse.cli.output import json_option, show_rows
from edupulse.clock import now
from edupulse.finance import revenue as domain
from edupulse.finance.money import amount_words
from edupulse.finance.revenue import MonthSum


@click.command()
@click.argument("month", required=False)
@click.option(
    "--months", type=click.IntRange(1, 240), default=24, show_default=True, help="How many, newest first."
)
@click.option("--anew", is_flag=True, help="Calculate them anew from the payments.")
@json_option
def revenue(month: str | None, months: int, anew: bool, as_json: bool) -> None:
    """Show what came in by month and currency, less what went back; MONTH (2026-03) for one alone."""
    moment = now()
    found = [domain.monthly(month, moment)] if month else domain.months(months, moment)
    if anew:
        found = [domain.monthly(each.month, moment, anew=True) for each in found]
    rows = [_facts(each) if as_json else _row(each) for each in found]
    show_rows(rows, ("month", "came_in", "as_of"), as_json=as_json, empty="Nothing came in yet.")


def _facts(each: MonthSum) -> dict[str, object]:
    return {
        "month": each.month,
        "figures": each.figures,
        "calculated_at": each.calculated_at,
        "from_cache": each.from_cache,
    }


def _row(each: MonthSum) -> dict[str, object]:
    sums = [amount_words(minor, currency) for currency, minor in each.figures.items()]
    return {"month": each.month, "came_in": sums or None, "as_of": each.calculated_at}
