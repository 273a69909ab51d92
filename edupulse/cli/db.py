"""`db`: the schema of the database."""

from __future__ import annotations

import click

from edupulse import schema
from edupulse.cli.command import Noun
from edupulse.cli.output import json_option, show_facts


@click.group("db", cls=Noun)
def database() -> None:
    """The database."""


@database.command()
@json_option
def upgrade(as_json: bool) -> None:
    """Bring the database to this version's schema, making it where there is none."""
    before = schema.present_step()
    schema.upgrade()
    show_facts({"before": before or "nothing", "now": schema.present_step()}, as_json=as_json)
