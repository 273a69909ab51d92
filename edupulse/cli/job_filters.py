"""Which runs are meant: the options by which a command narrows them, and the filter they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from edupulse.cli.instants import earlier
from edupulse.cli.known import JOB, QUEUE
from edupulse.control.models import STATES
from edupulse.control.monitor import RunFilter

Command = TypeVar("Command", bound=Callable[..., Any])

NARROWING = ("state", "failed", "name", "queue", "since", "until", "actor", "fingerprint", "search")


def filter_options(when: str = "") -> Callable[[Command], Command]:
    """Give a command the options that narrow runs; `when` says of each where it counts, e.g. "With --all: "."""
    options = (
        click.option("--state", type=click.Choice(STATES), default=None, help=f"{when}Only in this state."),
        click.option("--failed", is_flag=True, help=f"{when}Only what failed."),
        click.option("--name", type=JOB, default="", help=f"{when}Only of this job, e.g. reminders.check."),
        click.option("--queue", type=QUEUE, default=None, help=f"{when}Only of this queue."),
        click.option("--since", default=None, metavar="TIME",
                     help=f"{when}Only accepted since then: 2h for two hours ago, 2026-03-12, \"2026-03-12 18:30\"."),
        click.option("--until", default=None, metavar="TIME", help=f"{when}Only accepted before then."),
        click.option("--actor", default="", help=f"{when}Only what this one ordered, e.g. ada@school.example."),
        click.option("--fingerprint", default="",
                     help=f"{when}Only failures of one cause; `jobs failures` names them."),
        click.option("--search", default="", help=f"{when}Only with this text in id, arguments or error."),
    )  # fmt: skip

    def give(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def filter_from(typed: dict[str, Any]) -> RunFilter:
    """Return the filter that the options describe. Raises Invalid for what is no time."""
    since, until = typed["since"], typed["until"]
    return RunFilter(
        state=typed["state"] or "",
        name=typed["name"],
        queue=typed["queue"] or "",
        text=typed["search"],
        actor=typed["actor"],
        since=earlier(since) if since else None,
        until=earlier(until, "until") if until else None,
        failed=typed["failed"],
        fingerprint=typed["fingerprint"],
    )
