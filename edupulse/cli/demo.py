"""`demo`: the whole line on sample data."""

from __future__ import annotations

import os

import click
from flask.cli import ScriptInfo

from edupulse.cli.command import Command
from edupulse.embedded import demo as showing


@click.command(cls=Command)
@click.option(
    "--exit", "leave", is_flag=True, help="Stop after the summary; exit code 0 only if all went as it should."
)
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Port of the pages.")
@click.pass_context
def demo(ctx: click.Context, leave: bool, port: int | None) -> None:
    """Show the whole line on sample data: mails leave and arrive, and what comes back is read."""
    # The demo lives in a folder of its own and must not read the operator's settings: before the app is made.
    os.environ.update(showing.environment(port))
    ctx.exit(showing.run(ctx.ensure_object(ScriptInfo).load_app(), leave=leave))
