"""The processes themselves: a worker, the scheduler, the whole stack."""

from __future__ import annotations

import os

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from edupulse.cli.command import Command
from edupulse.config import current_settings
from edupulse.control import scheduler as clock
from edupulse.control import worker as working
from edupulse.control.catalog import QUEUES
from edupulse.embedded.up import up as keep_up
from edupulse.errors import Invalid
from edupulse.logs import configure_logging


def _set_threads(ctx: click.Context, option: click.Parameter, threads: int | None) -> int | None:
    """Set it before the application is made: its pool of database connections must suit it."""
    if threads is not None:
        os.environ["WORKER_THREADS"] = str(threads)
    return threads


@click.command(cls=Command)
@click.option("--queues", default=",".join(QUEUES), help="Queues to work on, the first before the next.")
@click.option(
    "--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="How many workers."
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    callback=_set_threads,
    help="Jobs that each works on at once, instead of WORKER_THREADS.",
)
@click.option("--burst", is_flag=True, help="End when nothing waits any more; works in this process alone.")
@click.pass_context
@with_appcontext
def worker(ctx: click.Context, queues: str, processes: int, threads: int | None, burst: bool) -> None:
    """Work on queued jobs until told to stop."""
    settings = current_settings()
    if threads not in (
        None,
        settings.worker_threads,
    ):  # `flask` makes the application before it reads its options
        raise Invalid(
            "--threads comes too late here.", cure="Use python cli.py worker, or set WORKER_THREADS."
        )
    configure_logging(settings)
    names = [name.strip() for name in queues.split(",") if name.strip()]
    ctx.exit(working.run(_app(), names, burst=burst, processes=processes))


@click.command(cls=Command)
@click.pass_context
@with_appcontext
def scheduler(ctx: click.Context) -> None:
    """Keep the clock: start each job when its time has come."""
    configure_logging(current_settings())
    ctx.exit(clock.run(_app()))


@click.command(cls=Command)
@with_appcontext
def up() -> None:
    """Start everything on your own data and settings; Ctrl-C stops it."""
    keep_up(_app(), click.echo)


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app
