"""The number of a row as it is typed: what no database can have is refused before one is asked."""

from __future__ import annotations

import click

ROW_NUMBER = click.IntRange(1, 2**31 - 1)  # an integer of PostgreSQL
