"""`finance`: bills and the money that came in on them."""

from __future__ import annotations

import click

from edupulse.cli.bills import bills
from edupulse.cli.command import Noun
from edupulse.cli.revenue import revenue


@click.group(cls=Noun)
def finance() -> None:
    """Bills, payments, reminders of them, and revenue."""


finance.add_command(bills)
finance.add_command(revenue)
