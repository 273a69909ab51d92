"""`jobs cancel|retry|requeue|clear|leave|pause|resume`: what a person orders about runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from edupulse.cli.command import actor
from edupulse.cli.durations import DURATION
from edupulse.cli.job_filters import filter_from, filter_options
from edupulse.cli.known import JOB
from edupulse.cli.output import json_option, local, print_json, show_facts
from edupulse.clock import now
from edupulse.control import actions, pauses
from edupulse.control.actions.selection import Selection
from edupulse.control.models import JobRun, Pause
from edupulse.control.monitor import RunFilter
from edupulse.errors import Invalid

Order = Callable[..., int]
Command = TypeVar("Command", bound=Callable[..., Any])

reason_option = click.option("--reason", default="", help="Why, for those who read it later.")


def selecting(command: Command) -> Command:
    """Give a command the ways to say which runs it is about."""
    options = (
        click.argument("run_ids", nargs=-1, metavar="[ID]..."),
        click.option("--all", "every", is_flag=True, help="All runs that match the filters."),
        filter_options("With --all: "),
        click.option("--dry-run", is_flag=True, help="Only say how many it would be."),
        click.option("--yes", is_flag=True, help="Do not ask before acting on all."),
        json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@selecting
@reason_option
def cancel(reason: str, **choice: Any) -> None:
    """Call runs off: at once where they wait; what runs is asked to stop, then ended.

    `jobs cancel ID...`, or `jobs cancel --all --name mail.sweep`.
    """
    if run_id := _only_one(choice):
        _show(actions.cancel(run_id, actor(), reason), choice)
    else:
        _carry_out(actions.cancel_all, "cancel", choice, reason=reason)


@selecting
@reason_option
def clear(reason: str, **choice: Any) -> None:
    """Call off what waits and leave alone what runs, e.g. `jobs clear --all --queue reports`."""
    _carry_out(actions.cancel_all, "cancel", choice, reason=reason, waiting_only=True)


@selecting
def retry(**choice: Any) -> None:
    """Queue runs again that failed, were cancelled or interrupted, with a fresh number of tries."""
    if run_id := _only_one(choice):
        _show(actions.retry(run_id, actor()), choice)
    else:
        _carry_out(actions.retry_all, "retry", choice)


@selecting
def requeue(**choice: Any) -> None:
    """Hand runs that wait to Redis once more; those that wait for their next try are due at once."""
    if run_id := _only_one(choice):
        _show(actions.requeue(run_id, actor()), choice)
    else:
        _carry_out(actions.requeue_all, "requeue", choice)


@click.argument("run_id")
@reason_option
@json_option
def leave(run_id: str, reason: str, as_json: bool) -> None:
    """Let an interrupted run count as failed instead of repeating it."""
    _show(actions.leave(run_id, actor(), reason), {"as_json": as_json})


@click.argument("name", type=JOB)
@reason_option
@click.option("--for", "length", type=DURATION, default=None, help="Go on by itself after, e.g. 2h.")
@json_option
def pause(name: str, reason: str, length: timedelta | None, as_json: bool) -> None:
    """Let no run of the job NAME begin until it is resumed; what runs goes on."""
    show_pause(pauses.pause("job", name, actor(), reason, ends_after(length)), as_json=as_json)


@click.argument("name", type=JOB)
@json_option
def resume(name: str, as_json: bool) -> None:
    """Let runs of the job NAME begin again."""
    show_resumed(name, was_paused=pauses.resume("job", name, actor()), as_json=as_json)


VERBS: dict[str, Callable[..., None]] = {
    "cancel": cancel,
    "clear": clear,
    "retry": retry,
    "requeue": requeue,
    "leave": leave,
    "pause": pause,
    "resume": resume,
}


def ends_after(length: timedelta | None) -> Any:
    """Return when a pause of this length ends."""
    return now() + length if length else None


def show_pause(held: Pause, *, as_json: bool) -> None:
    """Say what is paused and how it goes on."""
    if as_json:
        names = ("scope", "name", "reason", "actor", "created_at", "until")
        print_json({name: getattr(held, name) for name in names})
        return
    noun = "queues" if held.scope == "queue" else "jobs"
    by_itself = f" It goes on by itself at {local(held.until)}." if held.until else ""
    click.echo(f"{held.name} is paused.{by_itself} Resume it with: python cli.py {noun} resume {held.name}")


def show_resumed(name: str, *, was_paused: bool, as_json: bool) -> None:
    """Say that it goes on, or that nothing held it."""
    if as_json:
        print_json({"name": name, "was_paused": was_paused})
    else:
        click.echo(f"{name} goes on." if was_paused else f"{name} was not paused.")


def _only_one(choice: dict[str, Any]) -> str | None:
    """Return the one run that is named, about which there is more to say than a number."""
    named = _selection(choice)
    is_alone = not isinstance(named, RunFilter) and len(named) == 1 and not choice["dry_run"]
    return choice["run_ids"][0] if is_alone else None


def _show(run: JobRun, choice: dict[str, Any]) -> None:
    facts = {"id": run.id, "state": run.state, "max_attempts": run.max_attempts, "note": run.error_message}
    if run.state == "started":
        facts["note"] = "It was asked to stop, and is ended if it does not."
    show_facts(facts, as_json=choice["as_json"])


def _carry_out(order: Order, verb: str, choice: dict[str, Any], **details: Any) -> None:
    """Act on the chosen runs, and say how many there were."""
    selection, dry_run = _selection(choice), choice["dry_run"]
    if choice["every"] and not dry_run and not choice["yes"]:
        count = order(selection, actor(), dry_run=True, **details)
        noun = "run" if count == 1 else "runs"
        click.confirm(f"{verb.capitalize()} {count} {noun}?", abort=True, err=True)
    count = order(selection, actor(), dry_run=dry_run, **details)
    facts = {"order": verb, "runs": count, "dry_run": dry_run}
    if not choice["every"]:
        facts["passed_by"] = len(set(choice["run_ids"])) - count
    show_facts(facts, as_json=choice["as_json"])


def _selection(choice: dict[str, Any]) -> Selection:
    filters = filter_from(choice)
    if choice["run_ids"]:
        if choice["every"] or filters != RunFilter():
            raise Invalid("Name runs, or choose with --all and filters, not both.")
        return list(choice["run_ids"])
    if not choice["every"]:
        raise Invalid(
            "Which runs?", cure="Name their ids, or choose with --all and filters such as --state failed."
        )
    return filters
