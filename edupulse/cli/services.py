"""`start`, `stop`, `restart`, `logs`: everything on this machine, as one, and what it writes."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from edupulse.cli.command import Command
from edupulse.cli.known import Known
from edupulse.cli.output import json_option, print_json
from edupulse.cli.strangers import plain
from edupulse.config import current_settings
from edupulse.embedded import service
from edupulse.embedded.logs import logs as written
from edupulse.embedded.logs import services
from edupulse.embedded.service import Outcome

at_once_option = click.option(
    "--at-once", is_flag=True, help="Do not wait for running jobs; they are repeated later."
)


@click.command(cls=Command)
@json_option
@with_appcontext
def start(as_json: bool) -> None:
    """Start everything in the background, and wait until it is ready."""
    if not as_json:
        click.echo("Starting ...", err=True)
    _show(service.start(current_settings()), as_json=as_json)


@click.command(cls=Command)
@at_once_option
@json_option
@with_appcontext
def stop(at_once: bool, as_json: bool) -> None:
    """Stop everything on this data folder, and wait until it has ended; what waits is stored."""
    if not as_json:
        click.echo("Stopping ...", err=True)
    _show(service.stop(current_settings(), at_once=at_once), as_json=as_json)


@click.command(cls=Command)
@at_once_option
@json_option
@with_appcontext
def restart(at_once: bool, as_json: bool) -> None:
    """Stop everything and start it again in the background."""
    if not as_json:
        click.echo("Restarting ...", err=True)
    _show(service.restart(current_settings(), at_once=at_once), as_json=as_json)


SERVICE = Known("service", lambda: [(name, "") for name in services(current_settings())])


@click.command(cls=Command)
@click.argument("name", metavar="SERVICE", type=SERVICE)
@click.option(
    "--tail",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    metavar="N",
    help="So many lines.",
)
@click.option("--follow", "-f", is_flag=True, help="Stay and print what is written from now on; Ctrl-C ends.")
@with_appcontext
def logs(name: str, tail: int, follow: bool) -> None:
    """Print what SERVICE has written: stack, web, workers, scheduler, redis; the journal under systemd."""
    is_empty = True
    for each in written(current_settings(), name, tail=tail, follow=follow):
        click.echo(plain(each))
        is_empty = False
    if is_empty:
        click.echo(f"{name} has written nothing yet. See whether it runs: python cli.py status", err=True)


def _show(done: Outcome, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(done))
    else:
        click.echo(done.words)
