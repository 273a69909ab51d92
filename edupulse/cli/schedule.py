"""`schedule`: what runs by itself and when next; looked at, changed, held, run by hand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.durations import DURATION
from edupulse.cli.job_facts import facts_of as facts_of_run
from edupulse.cli.known import SCHEDULE
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.clock import now
from edupulse.control import schedule as schedules
from edupulse.control import schedule_changes
from edupulse.control.schedule import Listed
from edupulse.control.schedule_changes import Change
from edupulse.errors import Invalid

SECOND = timedelta(seconds=1)

name_argument = click.argument("name", type=SCHEDULE)


@click.group(cls=Noun)
def schedule() -> None:
    """Schedules: what runs by itself, and when."""


@schedule.command("list")
@json_option
def list_schedules(as_json: bool) -> None:
    """List every schedule with its next run."""
    rows = [_facts(listed) for listed in schedules.listing(now())]
    columns = ("name", "rule", "enabled", "last_at", "next_at", "changed", "last_error")
    show_rows(rows, columns, as_json=as_json, empty="No schedule yet. Run: python cli.py schedule sync")


@schedule.command()
@name_argument
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the schedule NAME with its next runs."""
    _show(schedules.show(name, now()), as_json=as_json)


@schedule.command()
@name_argument
@click.option(
    "--cron",
    default=None,
    metavar="RULE",
    help='When, e.g. "30 7 * * 1-5": minute, hour, day, month, weekday.',
)
@click.option("--every", type=DURATION, default=None, help="Or how often, e.g. 90s, 15m.")
@click.option("--timezone", default=None, help="On which clock, e.g. Asia/Shanghai.")
@click.option(
    "--misfire",
    type=click.Choice(schedule_changes.CHOICES["misfire"]),
    default=None,
    help="What was missed while nothing ran: made up for once, skipped, or all of it.",
)
@click.option(
    "--max-lateness", type=DURATION, default=None, help="Later than this a run is recorded as missed."
)
@click.option(
    "--overlap",
    type=click.Choice(schedule_changes.CHOICES["overlap"]),
    default=None,
    help="What happens when the run before is not over.",
)
@click.option("--enable/--disable", "enabled", default=None, help="Let it run, or pause it.")
@json_option  # fmt: skip
def change(name: str, as_json: bool, **typed: Any) -> None:
    """Change when and how the schedule NAME runs; it stays so over restarts and new releases, until `reset`."""
    if all(value is None for value in typed.values()):
        raise Invalid("What shall be different?", cure="See: python cli.py schedule change --help")
    wanted = Change(
        cron=typed["cron"],
        interval_seconds=_seconds(typed["every"]),
        timezone=typed["timezone"],
        misfire=typed["misfire"],
        max_lateness_seconds=_seconds(typed["max_lateness"]),
        overlap=typed["overlap"],
        enabled=typed["enabled"],
    )
    _show(schedule_changes.change(name, wanted, actor=actor()), as_json=as_json)


@schedule.command()
@name_argument
@json_option
def reset(name: str, as_json: bool) -> None:
    """Let the schedule NAME run again as the program says."""
    _show(schedule_changes.reset(name, actor=actor()), as_json=as_json)


@schedule.command()
@name_argument
@json_option
def run(name: str, as_json: bool) -> None:
    """Run the schedule NAME once, now; its next run stays where it is."""
    accepted = schedule_changes.run_now(name, actor=actor())
    if as_json:
        print_json(facts_of_run(accepted))
    else:
        click.echo(f"{accepted.name} is queued. Watch it with: python cli.py jobs watch {accepted.id}")


@schedule.command()
@json_option
def sync(as_json: bool) -> None:
    """Make the schedules match the catalog of jobs and the mailboxes."""
    show_facts(asdict(schedule_changes.sync_now(actor=actor())), as_json=as_json)


@schedule.command()
@name_argument
@json_option
def pause(name: str, as_json: bool) -> None:
    """Let the schedule NAME run no more until it is resumed."""
    schedules.pause(name, actor())
    _say(name, f"{name} is paused. Resume it with: python cli.py schedule resume {name}", as_json=as_json)


@schedule.command()
@name_argument
@json_option
def resume(name: str, as_json: bool) -> None:
    """Let the schedule NAME run again."""
    schedules.resume(name, actor())
    _say(name, f"{name} runs again.", as_json=as_json)


def _say(name: str, sentence: str, *, as_json: bool) -> None:
    if as_json:
        _show(schedules.show(name, now()), as_json=True)
    else:
        click.echo(sentence)


def _show(listed: Listed, *, as_json: bool) -> None:
    facts = _facts(listed)
    if as_json:
        print_json(facts)
        return
    hidden = ("cron", "interval_seconds", "next_at", "upcoming")
    show_facts({name: value for name, value in facts.items() if name not in hidden}, as_json=False)
    rows = [{"next_runs": at} for at in listed.upcoming]
    click.echo()
    show_rows(rows, ("next_runs",), as_json=False, empty="It is paused and runs no more by itself.")


def _facts(listed: Listed) -> dict[str, object]:
    row = listed.schedule
    names = (
        "name", "job", "cron", "interval_seconds", "timezone", "misfire", "max_lateness_seconds", "overlap",
        "enabled", "last_at", "failures", "last_error",
    )  # fmt: skip
    facts: dict[str, object] = {name: getattr(row, name) for name in names}
    next_at = listed.upcoming[0] if listed.upcoming else None
    changed = sorted(row.changed)
    return facts | {"rule": listed.words, "changed": changed, "next_at": next_at, "upcoming": listed.upcoming}


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else length // SECOND
