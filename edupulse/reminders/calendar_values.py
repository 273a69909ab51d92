"""Values of a calendar file (times, durations, people, positions) are read here; a bad one raises Invalid."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import unquote

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.reminders.calendar_entry import Participant
from edupulse.reminders.calendar_parts import Problems
from edupulse.reminders.content_lines import Line
from edupulse.reminders.places import coordinates

TIME = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?")
DURATION = re.compile(
    r"([+-]?)P(?:([0-9]{1,4})W)?(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,8})S)?)?"
)
ADDRESS = re.compile(r"[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]{1,64}@[^\s@<>()\[\],;:\"\\\x00-\x1f\x7f]{1,190}")
ANSWERS = ("NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED")
FIRST_YEAR, LAST_YEAR = 1900, 2200  # of an event that people mean

ZoneOf = Callable[[Line], str]


class Surroundings(NamedTuple):
    """What values need of their file: zones by TZID, the zone of times without one, a place for problems."""

    zone_of: ZoneOf
    timezone: str
    problems: Problems

    @contextmanager
    def leaving_out(self, number: int) -> Iterator[None]:
        """Note what cannot be used, by its own line or else by `number`, and go on without it."""
        try:
            yield
        except Invalid as refused:
            line = refused.facts.get("line", number)
            self.problems.add(line if isinstance(line, int) else number, str(refused))


@dataclass(frozen=True)
class Moment:
    """A date or time as written: naive, on the clock of `zone`; `zone` is empty where the file gives none."""

    local: datetime
    zone: str = ""
    is_date: bool = False

    def later(self, by: timedelta) -> Moment:
        """Return the moment that much later on the same clock."""
        return replace(self, local=self.local + by)

    def on(self, timezone: str, *, if_date: datetime | None = None) -> datetime:
        """Return it as a naive time of another zone; a date has the time of day of `if_date`."""
        if self.is_date:
            return datetime.combine(self.local, if_date.time()) if if_date else self.local
        if self.zone in ("", timezone):
            return self.local
        return walltime.to_local(walltime.to_utc(self.local, self.zone), timezone)


def read_moments(line: Line, zone_of: ZoneOf) -> list[Moment]:
    """Read a line of dates or times, separated by commas; of a period, its start."""
    return [_moment(value.partition("/")[0].strip(), line, zone_of) for value in line.value.split(",")]


def read_duration(line: Line) -> timedelta:
    """Read a duration such as PT45M or -P1D (RFC 5545 section 3.3.6)."""
    found = DURATION.fullmatch(line.value.strip().upper())
    if not found or not any(found.groups()[1:]):
        raise unusable(line, "is no duration", "Use the form PT45M or P1D.")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in found.groups()[1:])
    size = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -size if found[1] == "-" else size


def read_position(line: Line) -> tuple[float, float]:
    """Read GEO: latitude and longitude in degrees, on earth."""
    try:
        latitude, longitude = (float(part) for part in line.value.split(";"))
        coordinates(latitude, longitude)
    except (ValueError, Invalid):
        raise unusable(line, "is no position", "Use latitude;longitude in degrees.") from None
    return latitude, longitude


def unusable(line: Line, why: str, cure: str) -> Invalid:
    """Return the Invalid that says what is wrong with a line; its number is among the facts."""
    return Invalid(f'{line.name} "{line.value.strip()[:60]}" {why}.', cure=cure, line=line.number)


def read_participant(line: Line) -> Participant:
    """Read ATTENDEE or ORGANIZER: address, name and answer."""
    value = line.value.strip()
    written = value[7:].partition("?")[0] if value[:7].lower() == "mailto:" else line.params.get("EMAIL", "")
    email = unquote(written).strip()
    if not ADDRESS.fullmatch(email):
        raise unusable(line, "is no mail address", "Use the form mailto:name@example.org.")
    answer = line.params.get("PARTSTAT", "").upper()
    name = " ".join(line.params.get("CN", "").split())[:200]
    return Participant(email, "" if name == email else name, answer if answer in ANSWERS else ANSWERS[0])


def _moment(value: str, line: Line, zone_of: ZoneOf) -> Moment:
    found = TIME.fullmatch(value.upper())
    try:
        day, clock, utc = found.groups() if found else ("", "", "")
        local = datetime.strptime(day + (clock or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - its zone is kept beside
    except ValueError:
        raise unusable(line, "is no date or time", "Use the form 20261231 or 20261231T100000.") from None
    if not FIRST_YEAR <= local.year <= LAST_YEAR:
        raise unusable(line, "is in a year that is not meant", f"Use {FIRST_YEAR} to {LAST_YEAR}.")
    return Moment(local, "UTC" if utc else zone_of(line) if clock else "", is_date=not clock)
