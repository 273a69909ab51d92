"""`queues`: what stands in each, what holds it, and a switch."""

from __future__ import annotations

from datetime import datetime, timedelta

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.durations import DURATION
from edupulse.cli.known import QUEUE
from edupulse.cli.orders import ends_after, reason_option, show_pause, show_resumed
from edupulse.cli.output import json_option, local, show_rows
from edupulse.clock import now
from edupulse.control import monitor, pauses
from edupulse.control.models import Pause
from edupulse.control.monitor import QueueLoad

COLUMNS = ("name", "waiting", "oldest", "running", "workers", "paused")


@click.group(cls=Noun)
def queues() -> None:
    """Queues: what waits where, and what is paused."""


@queues.command("list")
@json_option
def list_queues(as_json: bool) -> None:
    """List the queues with what waits and runs, and the jobs that are paused."""
    show_rows(rows_of_queues(now()), COLUMNS, as_json=as_json, empty="The catalog is empty.")


@queues.command()
@click.argument("name", type=QUEUE)
@reason_option
@click.option("--for", "length", type=DURATION, default=None, help="Go on by itself after, e.g. 2h.")
@json_option
def pause(name: str, reason: str, length: timedelta | None, as_json: bool) -> None:
    """Let nothing of the queue NAME begin until it is resumed; what runs goes on."""
    show_pause(pauses.pause("queue", name, actor(), reason, ends_after(length)), as_json=as_json)


@queues.command()
@click.argument("name", type=QUEUE)
@json_option
def resume(name: str, as_json: bool) -> None:
    """Let the queue NAME go on."""
    show_resumed(name, was_paused=pauses.resume("queue", name, actor()), as_json=as_json)


def rows_of_queues(moment: datetime) -> list[dict[str, object]]:
    """Return a line for each queue that is used, and for each job that is paused."""
    rows = [_facts(load) for load in monitor.queue_loads(moment)]
    return rows + [_of_job(held) for held in pauses.holding(moment) if held.scope == "job"]


def _facts(load: QueueLoad) -> dict[str, object]:
    names = ("name", "waiting", "oldest", "running", "workers")
    return {"kind": "queue", **{name: getattr(load, name) for name in names}, **_paused(load.pause)}


def _of_job(held: Pause) -> dict[str, object]:
    return {"kind": "job", "name": held.name, **_paused(held)}


def _paused(held: Pause | None) -> dict[str, object]:
    if held is None:
        return {"paused": None, "reason": None, "until": None}
    until = f" until {local(held.until)}" if held.until else ""
    said = f"by {held.actor}{until}{f': {held.reason}' if held.reason else ''}"
    return {"paused": said, "reason": held.reason, "until": held.until}
