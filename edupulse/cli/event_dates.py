"""`events dates`: the dates of a series; one is moved, left out or put back, or from one on all goes differently."""

from __future__ import annotations

import re
from typing import Any

import click

from edupulse.cli.command import Noun, actor
from edupulse.cli.event_facts import facts_of, facts_of_date, page_of
from edupulse.cli.event_options import draft_from, event_options
from edupulse.cli.instants import wall_time
from edupulse.cli.output import json_option, print_json, show_facts, show_rows
from edupulse.cli.row_numbers import ROW_NUMBER
from edupulse.clock import now
from edupulse.errors import Invalid
from edupulse.reminders import events as domain
from edupulse.reminders import monitor
from edupulse.reminders.models import Event

LOOKED_AT = 366  # dates ahead among which a day is looked for

event_argument = click.argument("event_id", type=ROW_NUMBER)
date_argument = click.argument("date", metavar="DATE")


@click.group("dates", cls=Noun)
def dates() -> None:
    """Dates of a series."""


@dates.command("list")
@event_argument
@click.option("--count", type=click.IntRange(1, 366), default=10, show_default=True, help="The next so many.")
@json_option
def list_dates(event_id: int, count: int, as_json: bool) -> None:
    """List the next dates of an event, and those to come that are left out."""
    event = monitor.event(event_id)
    coming = [facts_of_date(each) for each in monitor.coming_occurrences(event, now(), count)]
    left_out = monitor.left_out(event, now())
    if as_json:
        print_json({"dates": coming, "left_out": left_out})
        return
    columns = ("date", "starts_at", "ends_at", "location")
    show_rows(coming, columns, as_json=False, empty="It has no more dates.")
    for date in left_out:
        click.echo(f"Left out: {date}")


@dates.command()
@event_argument
@date_argument
@click.option("--starts", default=None, metavar="TIME", help='On the clock of its zone: "2026-03-12 18:30".')
@click.option("--ends", default=None, metavar="TIME", help="By default it keeps its length.")
@click.option("--location", default=None, help="Where this one takes place.")
@json_option  # fmt: skip
def change(event_id: int, date: str, as_json: bool, **typed: str | None) -> None:
    """Move the one DATE (as `events dates list` names it), or give it another place."""
    starts, ends, location = (typed[name] for name in ("starts", "ends", "location"))
    if starts is None and ends is None and location is None:
        raise Invalid("What shall be different?", cure="Give --starts, --ends or --location.")
    changed = domain.change_occurrence(
        event_id,
        _named(event_id, date),
        actor(),
        starts=wall_time(starts, "starts") if starts else None,
        ends=wall_time(ends, "ends") if ends else None,
        location=location,
    )
    _done(changed, f"{date} is changed. Whoever was told something else about it gets a correction.", as_json)


@dates.command()
@event_argument
@date_argument
@json_option
def cancel(event_id: int, date: str, as_json: bool) -> None:
    """Leave the one DATE out; whoever was reminded of it already is told so."""
    _done(
        domain.cancel_occurrence(event_id, _named(event_id, date), actor()), f"{date} is left out.", as_json
    )


@dates.command()
@event_argument
@date_argument
@json_option
def restore(event_id: int, date: str, as_json: bool) -> None:
    """Put a DATE back that was left out."""
    _done(
        domain.restore_occurrence(event_id, _named(event_id, date), actor()),
        f"{date} takes place again.",
        as_json,
    )


@dates.command()
@event_argument
@date_argument
@click.option("--title", default=None)
@event_options
@json_option
def following(event_id: int, date: str, as_json: bool, **typed: Any) -> None:
    """Let the series go on differently from DATE on, as a new event; what was before stands as its own."""
    original = _named(event_id, date)
    before = domain.following_draft(monitor.event(event_id), original)
    new = domain.change_following(event_id, original, draft_from(typed, before), actor())
    show_facts(facts_of(new) if as_json else page_of(new), as_json=as_json)


def _named(event_id: int, date: str) -> str:
    """Return the name of the date that is meant: a day alone means its one on that day."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", date.strip()):
        return date.strip()
    event = monitor.event(event_id)
    coming = [each.original for each in monitor.coming_occurrences(event, now(), LOOKED_AT)]
    known = [*coming, *monitor.left_out(event, now())]
    return next((name for name in known if name.startswith(date.strip())), date.strip())


def _done(event: Event, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(facts_of(event))
    else:
        click.echo(sentence)
