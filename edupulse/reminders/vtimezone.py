"""The rules of a time zone become the VTIMEZONE block of a calendar file, made once per zone and year.

Written as yearly rules where the zone keeps to some (Outlook understands nothing else), else as dates. They
are found by looking at the zone's clock, so they agree with the zone database that all else here uses.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from edupulse.reminders.content_lines import escape, write_line
from edupulse.walltime import zone

YEARS = 28  # after them the days of the week fall on the same dates again (until 2100)
STEP = timedelta(days=1)  # no zone changes its clock twice in it
EPOCH = datetime.fromisoformat("1970-01-01")
SECOND = timedelta(seconds=1)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Change:
    """A change of a zone's clock: when, on the clock before it, from which offset to which, and its name."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str

    @property
    def kind(self) -> tuple[timedelta, timedelta, str]:
        return (self.before, self.after, self.name)


@lru_cache(maxsize=512)
def vtimezone(name: str, year: int) -> bytes:
    """Return the VTIMEZONE of an IANA zone, right for events from the beginning of `year` on."""
    at = zone(name)
    kinds: dict[tuple[timedelta, timedelta, str], list[Change]] = {}
    for change in _changes(at, year - 1):
        kinds.setdefault(change.kind, []).append(change)
    body = b"".join(map(_observance, kinds.values())) or _without_changes(at, year)
    return write_line("BEGIN", "VTIMEZONE") + write_line("TZID", name) + body + write_line("END", "VTIMEZONE")


def _changes(at: ZoneInfo, year: int) -> Iterator[Change]:
    instant, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + YEARS + 1, 1, 1, tzinfo=UTC)
    before = _offset(instant, at)
    while instant < end:
        after = _offset(instant + STEP, at)
        if before != after:
            first = _first_after(instant, at, before)
            yield Change((first + before).replace(tzinfo=None), before, after, _name(first, at))
        instant, before = instant + STEP, after


def _first_after(instant: datetime, at: ZoneInfo, before: timedelta) -> datetime:
    """Return the first second after `instant`, within STEP, at which the offset is not `before` any more."""
    low, high = 0, int(STEP.total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(instant + middle * SECOND, at) == before else (low, middle)
    return instant + high * SECOND


def _observance(changes: list[Change]) -> bytes:
    """Return the STANDARD or DAYLIGHT block of all changes of one kind."""
    first = changes[0]
    kind = "DAYLIGHT" if first.after > first.before else "STANDARD"
    rule = _yearly_rule([change.local for change in changes])
    dates = ",".join(f"{change.local:%Y%m%dT%H%M%S}" for change in changes[1:])
    lines = [
        ("BEGIN", kind),
        ("DTSTART", f"{first.local:%Y%m%dT%H%M%S}"),
        *([("RRULE", rule)] if rule else [("RDATE", dates)] if dates else []),
        ("TZOFFSETFROM", _signed(first.before)),
        ("TZOFFSETTO", _signed(first.after)),
        ("TZNAME", escape(first.name)),
        ("END", kind),
    ]
    return b"".join(write_line(name, value) for name, value in lines)


def _yearly_rule(dates: list[datetime]) -> str:
    """Return the rule that all dates follow, one in each year; empty if they follow none."""
    first, days = dates[0], {date.day for date in dates}
    alike = {(date.month, date.weekday(), date.time()) for date in dates}
    if len(alike) > 1 or [date.year for date in dates] != list(range(first.year, first.year + YEARS + 1)):
        return ""
    weekday, yearly = WEEKDAYS[first.weekday()], f"FREQ=YEARLY;BYMONTH={first.month}"
    if all(date.day > monthrange(date.year, date.month)[1] - 7 for date in dates):
        return f"{yearly};BYDAY=-1{weekday}"
    if len({(day - 1) // 7 for day in days}) == 1:
        return f"{yearly};BYDAY={(first.day - 1) // 7 + 1}{weekday}"
    if len(days) == 7 and max(days) - min(days) == 6:
        return f"{yearly};BYDAY={weekday};BYMONTHDAY={','.join(map(str, sorted(days)))}"
    return ""


def _without_changes(at: ZoneInfo, year: int) -> bytes:
    offset = _offset(datetime(year, 1, 1, tzinfo=UTC), at)
    return _observance([Change(EPOCH, offset, offset, _name(datetime(year, 1, 1, tzinfo=UTC), at))])


def _name(instant: datetime, at: ZoneInfo) -> str:
    return instant.astimezone(at).tzname() or ""


def _offset(instant: datetime, at: ZoneInfo) -> timedelta:
    return instant.astimezone(at).utcoffset() or timedelta()


def _signed(offset: timedelta) -> str:
    """Return an offset as RFC 5545 section 3.3.14 wants it: +0100, with seconds only where there are some."""
    seconds = int(offset.total_seconds())
    hours, minutes, rest = abs(seconds) // 3600, abs(seconds) // 60 % 60, abs(seconds) % 60
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}" + (f"{rest:02}" if rest else "")
