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
@click.option("--pool", default=None, help="Only the workers of this pool; see `workers pools`.")
@click.option("--queues", default="", help="Fixed workers on these queues, the first before the next.")
@click.option("--processes", type=click.IntRange(1, 64), default=None, help="How many fixed workers.")
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    callback=_set_threads,
    help="Jobs that each works on at once, instead of WORKER_THREADS.",
)
@click.option("--burst", is_flag=True, help="End when nothing waits any more; works in this process alone.")
@click.pass_context
@with_appcontext
def worker(
    ctx: click.Context, pool: str | None, queues: str, processes: int | None, threads: int | None, burst: bool
) -> None:
    """Keep workers at work until told to stop: those of the pools, or fixed ones with --queues or --processes."""
    settings = current_settings()
    # `flask` makes the application before it reads its options
    if threads not in (None, settings.worker_threads):
        cure = "Use python cli.py worker, or set WORKER_THREADS."
        raise Invalid("--threads comes too late here.", cure=cure)
    configure_logging(settings)
    names = [name.strip() for name in queues.split(",") if name.strip()]
    is_fixed = bool(names or processes or burst)
    if pool and is_fixed:
        raise Invalid(
            "--pool says which workers; it goes with no other option.", cure="Change the pool instead."
        )
    if not is_fixed:
        ctx.exit(working.run_pools(_app(), pool))
    ctx.exit(working.run(_app(), names or QUEUES, burst=burst, processes=processes or 1))


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
