"""`schedule`: what runs by itself, and when next."""

from __future__ import annotations

from dataclasses import asdict

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.output import json_option, show_facts, show_rows
from edupulse.clock import now
from edupulse.control import schedule as schedules
from edupulse.control.schedule import Listed


@click.group(cls=Noun)
def schedule() -> None:
    """Schedules: what runs by itself, and when."""


@schedule.command("list")
@json_option
def list_schedules(as_json: bool) -> None:
    """List every schedule with its next runs."""
    rows = [_facts(listed) for listed in schedules.listing(now())]
    columns = ("name", "rule", "enabled", "last_at", "next_at")
    show_rows(rows, columns, as_json=as_json, empty="No schedule yet. Run: python cli.py schedule sync")


@schedule.command()
@json_option
def sync(as_json: bool) -> None:
    """Make the schedules match the catalog of jobs."""
    show_facts(asdict(schedules.sync(now())), as_json=as_json)


@schedule.command()
@click.argument("name")
def pause(name: str) -> None:
    """Let the schedule NAME run no more until it is resumed."""
    schedules.pause(name, actor())
    click.echo(f"{name} is paused. Resume it with: python cli.py schedule resume {name}")


@schedule.command()
@click.argument("name")
def resume(name: str) -> None:
    """Let the schedule NAME run again."""
    schedules.resume(name, actor())
    click.echo(f"{name} runs again.")


def _facts(listed: Listed) -> dict[str, object]:
    row = listed.schedule
    names = ("name", "job", "timezone", "misfire", "enabled", "last_at", "failures", "last_error")
    facts: dict[str, object] = {name: getattr(row, name) for name in names}
    next_at = listed.upcoming[0] if listed.upcoming else None
    return facts | {"rule": listed.words, "next_at": next_at, "upcoming": listed.upcoming}
