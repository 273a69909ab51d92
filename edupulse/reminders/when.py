"""Instants become words here: the day, the hours and the zone of an occurrence, in the reader's language."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from babel.dates import format_date, format_time, get_timezone_location

from edupulse.walltime import to_local, zone

# British English has the day before the month and 24 hours: no doubt about months, nor about am and pm.
_BABEL = {"en": "en_GB", "zh": "zh_Hans_CN"}
_SHORT_DAY = {"en": "EEE d MMM", "zh": "M月d日 EEE"}
_DAY_AND_CLOCK = {"en": "{}, {}", "zh": "{} {}"}
_ALL_DAY = {"en": "{} (all day)", "zh": "{}（全天）"}
_IN_ZONE = {"en": "{}, {} time ({})", "zh": "{}（{}时间，{}）"}
_IN_UTC = {"en": "{}, {}", "zh": "{}（{}）"}


@lru_cache(maxsize=4096)
def span(starts_at: datetime, ends_at: datetime, zone_name: str, locale: str, all_day: bool = False) -> str:
    """Return e.g. "Monday, 2 March 2026, 10:00–11:00, Berlin time (UTC+1)" for two aware instants."""
    starts, ends = to_local(starts_at, zone_name), to_local(ends_at, zone_name)
    if all_day:
        return _ALL_DAY[locale].format(_days(starts, max(starts, ends - timedelta(days=1)), locale))
    place = city(zone_name, locale)
    place += (
        " " if locale == "zh" and place.isascii() and place else ""
    )  # as Chinese is set beside Latin letters
    form = _IN_ZONE if place else _IN_UTC
    words = [_hours(starts, ends, locale), place, offset(starts_at, zone_name)]
    return form[locale].format(*filter(None, words))


@lru_cache(maxsize=4096)
def start(starts_at: datetime, zone_name: str, locale: str, all_day: bool = False) -> str:
    """Return the start in few characters, for a subject line: "Mon 2 Mar, 10:00"."""
    starts = to_local(starts_at, zone_name)
    day = str(format_date(starts, _SHORT_DAY[locale], locale=_BABEL[locale]))
    return day if all_day else _DAY_AND_CLOCK[locale].format(day, _clock(starts))


def differs(at: datetime, zone_name: str, other: str) -> bool:
    """Say whether clocks in the two zones show different times at that instant."""
    return to_local(at, zone_name) != to_local(at, other)


@lru_cache(maxsize=1024)
def city(zone_name: str, locale: str) -> str:
    """Return the city after which the zone is named, in the reader's language; empty for UTC and its like."""
    if "/" not in zone_name or zone_name.startswith("Etc/"):
        return ""
    return str(get_timezone_location(zone(zone_name), locale=_BABEL[locale], return_city=True)).rpartition(
        "/"
    )[2]


def offset(at: datetime, zone_name: str) -> str:
    """Return the offset of the zone at that instant, e.g. "UTC+5:30"."""
    minutes = round((to_local(at, zone_name) - to_local(at, "UTC")).total_seconds() / 60)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    return (f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")) if minutes else "UTC"


def _hours(starts: datetime, ends: datetime, locale: str) -> str:
    first = _DAY_AND_CLOCK[locale].format(_day(starts, locale), _clock(starts))
    if ends == starts:
        return first
    if ends.date() == starts.date():
        return f"{first}–{_clock(ends)}"
    return f"{first} – {_DAY_AND_CLOCK[locale].format(_day(ends, locale), _clock(ends))}"


def _days(first: datetime, last: datetime, locale: str) -> str:
    return _day(first, locale) if first == last else f"{_day(first, locale)} – {_day(last, locale)}"


def _day(when: datetime, locale: str) -> str:
    return str(format_date(when, "full", locale=_BABEL[locale]))


def _clock(when: datetime) -> str:
    return str(format_time(when.time(), "HH:mm"))
