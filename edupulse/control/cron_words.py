"""Cron expressions and intervals are said in words here, for schedule pages, commands and logs."""

from __future__ import annotations

from collections.abc import Sequence

from edupulse.control import cron

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))  # seconds and their name
MOST_TIMES = 6  # times of day that are listed; more are shown as the expression itself

Numbers = Sequence[int | str] | None


def describe_interval(seconds: int) -> str:
    """Say an interval in its largest whole unit: "every 2 hours"."""
    size, unit = next(((size, unit) for size, unit in UNITS if seconds % size == 0), UNITS[-1])
    return _every(seconds // size, unit)


def describe_cron(expression: str, timezone: str) -> str:
    """Say a cron expression in English, with its zone unless it is the same in every zone."""
    minutes, hours, days, months, weekdays = cron.numbers(expression)
    rhythm, when, within = _rhythm(minutes, hours), _days(days, months, weekdays), _months(months)
    if rhythm:
        dates = f"{when} {within}".strip()
        return f"{rhythm}, {dates} ({timezone})" if dates else rhythm
    times = _times(minutes, hours)
    if not times:
        return f'by the cron expression "{expression}" ({timezone})'
    return " ".join(part for part in (when or "daily", within, times, f"({timezone})") if part)


def _rhythm(minutes: Numbers, hours: Numbers) -> str:
    """Say what recurs within every hour; empty where the hours are chosen."""
    if hours is not None:
        return ""
    if minutes is None:
        return "every minute"
    step = 60 // len(minutes)
    if len(minutes) > 1 and list(minutes) == list(range(0, 60, step)):
        return _every(step, "minute")
    return f"hourly at minute {_listed([str(minute) for minute in minutes])}"


def _times(minutes: Numbers, hours: Numbers) -> str:
    if minutes is None or hours is None or len(minutes) * len(hours) > MOST_TIMES:
        return ""
    return f"at {_listed([f'{hour:02}:{minute:02}' for hour in hours for minute in minutes])}"


def _days(days: Numbers, months: Numbers, weekdays: Numbers) -> str:
    """Say the chosen days; where dates and weekdays are both chosen, either is enough, as in cron."""
    monthly = "on" if months else "monthly on"
    by_date = f"{monthly} {_dates(days)}" if days else ""
    by_week = _weekdays([int(day) for day in weekdays]) if weekdays else ""
    return " and ".join(part for part in (by_date, by_week) if part)


def _dates(days: Sequence[int | str]) -> str:
    numbers = [str(day) for day in days if day != "l"]
    plain = f"day{'s' if len(numbers) > 1 else ''} {_listed(numbers)}" if numbers else ""
    last = "the last day" if "l" in days else ""
    return " and ".join(part for part in (plain, last) if part)


def _weekdays(days: Sequence[int]) -> str:
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{WEEKDAYS[days[0]]} to {WEEKDAYS[days[-1]]}"
    return _listed([f"{WEEKDAYS[day]}s" for day in days])


def _months(months: Numbers) -> str:
    return f"in {_listed([MONTHS[int(month) - 1] for month in months])}" if months else ""


def _every(count: int, unit: str) -> str:
    return f"every {unit}" if count == 1 else f"every {count} {unit}s"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
