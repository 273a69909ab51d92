"""The name of a time zone in a calendar file, which may be anybody's, becomes an IANA zone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from edupulse.reminders.calendar_parts import Component
from edupulse.walltime import known_zones, zone

OFFSET = re.compile(r"([+-])([0-9]{2})([0-9]{2})(?:[0-9]{2})?")
JANUARY, JULY = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)
LIKELY = (  # tried in this order for a zone that is described and not named
    *("Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "Asia/Shanghai", "Asia/Tokyo"),
    *("Asia/Kolkata", "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka", "Asia/Bangkok", "Australia/Sydney"),
    *("Australia/Adelaide", "Australia/Brisbane", "Pacific/Auckland", "America/New_York", "America/Chicago"),
    *(
        "America/Denver",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Halifax",
        "America/Sao_Paulo",
        "UTC",
    ),
)


class Found(NamedTuple):
    """The IANA zone that is used, and whether it was guessed."""

    name: str
    guessed: bool


def find_zone(tzid: str, described: Component | None, fallback: str) -> Found:
    """Return the IANA zone for a TZID: by its name, by Windows' name, by its description, or the fallback."""
    location = described.text("X-LIC-LOCATION") if described else ""
    for name in (*_names(tzid), *_names(location)):
        if name in known_zones():
            return Found(name, guessed=False)
    hours = _hours(described) if described else None
    candidates = (fallback, *LIKELY)
    alike = [name for name in candidates if hours and _hours_of(name) == hours]
    return Found(alike[0] if alike else fallback, guessed=True)


def _names(tzid: str) -> Iterator[str]:
    """Yield what a TZID may mean: itself, a name of Windows, the end of a path (/vendor/Europe/Berlin)."""
    plain = tzid.strip().strip("\"'")
    yield plain
    yield WINDOWS_TO_OLSON.get(plain, "")
    parts = plain.split("/")
    yield from ("/".join(parts[-count:]) for count in (3, 2) if len(parts) > count)


def _hours(described: Component) -> tuple[timedelta, timedelta] | None:
    """Return the offsets in January and in July of a VTIMEZONE, by its latest standard and summer time."""
    standard, summer = (_latest(described, kind) for kind in ("STANDARD", "DAYLIGHT"))
    if standard is None:
        return None
    if summer is None:
        return standard[1], standard[1]
    starts_in_spring = summer[0][4:6] < "07"
    return (standard[1], summer[1]) if starts_in_spring else (summer[1], standard[1])


def _latest(described: Component, kind: str) -> tuple[str, timedelta] | None:
    """Return when the latest block of that kind begins (as written) and its offset."""
    blocks = [(part.text("DTSTART"), _offset(part.text("TZOFFSETTO"))) for part in described.named(kind)]
    return max(((begin, offset) for begin, offset in blocks if offset is not None), default=None)


def _offset(text: str) -> timedelta | None:
    found = OFFSET.fullmatch(text)
    if not found:
        return None
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return -size if found[1] == "-" else size


def _hours_of(name: str) -> tuple[timedelta, timedelta]:
    january, july = (at.astimezone(zone(name)).utcoffset() or timedelta() for at in (JANUARY, JULY))
    return january, july
