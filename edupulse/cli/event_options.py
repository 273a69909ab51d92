"""What was typed about an event becomes a draft; what is not given stays as it was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from edupulse.cli.durations import DURATION
from edupulse.cli.instants import wall_time
from edupulse.errors import Invalid
from edupulse.reminders.events import EventDraft

Command = TypeVar("Command", bound=Callable[..., Any])

MINUTE = timedelta(minutes=1)
PLAIN = ("title", "description", "location", "timezone", "latitude", "longitude", "all_day", "email_reminder")
FREQUENCIES = ("daily", "weekly", "monthly", "yearly")
NEVER = "never"


def event_options(command: Command) -> Command:
    """Give a command the options by which an event is described, without its title and its people."""
    options = (
        click.option("--starts", default=None, metavar="TIME",
                     help="On the clock of its zone: \"2026-03-12 18:30\"; all-day: 2026-03-12."),
        click.option("--ends", default=None, metavar="TIME",
                     help="By default an hour later; all-day: its last day."),
        click.option("--all-day/--timed", default=None, help="Whole days, or from hour to hour."),
        click.option("--timezone", default=None, help="Whose clock, e.g. Asia/Shanghai.  [default: TIMEZONE]"),
        click.option("--location", default=None, help="Where; \"\" for nowhere."),
        click.option("--latitude", type=float, default=None, help="For the map, in degrees."),
        click.option("--longitude", type=float, default=None),
        click.option("--description", default=None, help="What people should know."),
        click.option("--repeat", default=None, metavar="RULE",
                     help="daily, weekly, monthly, yearly, never, or a rule of RFC 5545 such as "
                          "\"FREQ=WEEKLY;BYDAY=TU,TH\"."),
        click.option("--times", type=click.IntRange(1, 999), default=None, help="With --repeat: so often."),
        click.option("--until", default=None, metavar="DAY", help="With --repeat: up to this day, it included."),
        click.option("--lead", "leads", type=DURATION, multiple=True,
                     help="How long before people are reminded, e.g. 1d; can be repeated. "
                          "[default: REMINDER_ADVANCE_MINUTES]"),
        click.option("--remind/--no-remind", "email_reminder", default=None, help="Whether mail is sent at all."),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def draft_from(typed: dict[str, Any], before: EventDraft | None = None) -> EventDraft:
    """Return the draft that the options describe, what is not given as `before`. Raises Invalid naming a field.

    An event that is only moved keeps its length.
    """
    starts = wall_time(typed["starts"], "starts") if typed["starts"] else None
    draft = before or EventDraft(title="", starts=_required(starts))
    values: dict[str, Any] = {name: typed[name] for name in PLAIN if typed.get(name) is not None}
    if starts or typed["ends"]:
        values |= _times(draft, starts or draft.starts, typed["ends"])
    if typed["leads"]:
        values["leads"] = tuple(lead // MINUTE for lead in typed["leads"])
    if typed["repeat"] or typed["times"] or typed["until"]:
        values["rrule"] = _rule(typed["repeat"], typed["times"], typed["until"])
    return replace(draft, **values)


def _required(starts: datetime | None) -> datetime:
    if starts is None:
        raise Invalid("When does it start?", cure='Give --starts "2026-03-12 18:30".', field="starts")
    return starts


def _times(before: EventDraft, starts: datetime, ends: str | None) -> dict[str, Any]:
    if ends:
        return {"starts": starts, "ends": wall_time(ends, "ends")}
    return {"starts": starts, "ends": before.ends and starts + (before.ends - before.starts)}


def _rule(repeat: str | None, times: int | None, until: str | None) -> str | None:
    if repeat is None:
        raise Invalid("How does it repeat?", cure="Give --repeat with --times or --until.", field="repeat")
    if times and until:
        raise Invalid("--times and --until exclude each other.", cure="Give one of them.", field="until")
    if repeat.lower() == NEVER:
        return None
    rule = f"FREQ={repeat.upper()}" if repeat.lower() in FREQUENCIES else repeat
    if times:
        return f"{rule};COUNT={times}"
    # A date without a time is the whole of that day on the event's own clock.
    return f"{rule};UNTIL={wall_time(until, 'until'):%Y%m%d}" if until else rule
