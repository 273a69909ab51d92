"""What schedules should do, worked out a second time: by looking at the clock of a zone minute by minute.

Nothing here is shared with the code under proof. The clock is read for each real minute; a local time is due
when the clock first shows it, or, if it never does, when it would have been reached by counting on from the
last minute that the clock did show. Over years the same is said with the stretches between two changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

BEGIN, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MINUTE, STEP = timedelta(minutes=1), timedelta(hours=12)  # no zone changes twice in it

Matches = Callable[[datetime], bool]
Clock = list[tuple[datetime, datetime]]  # real minutes with what the clock shows


@dataclass(frozen=True)
class Change:
    """A change of a zone's clock: the first minute of the new offset, and both offsets."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def middle(self) -> datetime:
        """The local time in the middle of what the change skips or repeats."""
        low, high = sorted((self.before, self.after))
        return wall(self.at, low) + (high - low) / 2


def wall(instant: datetime, offset: timedelta) -> datetime:
    """What a clock at `offset` shows, as a naive time."""
    return (instant + offset).replace(tzinfo=None)


def zones_that_change(names: Iterable[str]) -> dict[str, list[Change]]:
    """Those of the named zones whose offset changes between BEGIN and END, with the changes in order."""
    found = {name: changes_of(ZoneInfo(name)) for name in names}
    return {name: changes for name, changes in found.items() if changes}


def changes_of(zone: ZoneInfo) -> list[Change]:
    changes, at = [], BEGIN
    while at < END:
        before, after = _offset(at, zone), _offset(at + STEP, zone)
        if before != after:
            first = next(m for m in _minutes(at, at + STEP + MINUTE) if _offset(m, zone) != before)
            changes.append(Change(first, before, after))
        at += STEP
    return changes


def shown(zone: ZoneInfo, start: datetime, end: datetime) -> Clock:
    """Each real minute from `start` to `end` with what the clock shows at it."""
    return [(minute, minute.astimezone(zone).replace(tzinfo=None, fold=0)) for minute in _minutes(start, end)]


def on_the_wall(clock: Clock) -> Clock:
    """Each local minute from the first that the clock shows to the last, with the instant when it is due."""
    first: dict[datetime, datetime] = {}
    for minute, reading in clock:
        first.setdefault(reading, minute)
    due, last_shown = [], clock[0][1]
    for reading in _minutes(clock[0][1], clock[-1][1] + MINUTE):
        last_shown = reading if reading in first else last_shown
        due.append((first[last_shown] + (reading - last_shown), reading))
    return due


def due(clock: Clock, matches: Matches) -> list[datetime]:
    """The instants, each once and in order, whose reading matches."""
    return sorted({instant for instant, reading in clock if matches(reading)})


def instant_of(local: datetime, changes: list[Change]) -> datetime:
    """When a local time is due, by the stretches between the changes of its zone.

    It is before a change if its first showing is, and also if the change skips it: then it is counted on.
    """
    for change in changes:
        by_the_old_offset = local.replace(tzinfo=UTC) - change.before
        if by_the_old_offset < change.at + max(change.after - change.before, timedelta()):
            return by_the_old_offset
    return local.replace(tzinfo=UTC) - changes[-1].after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += MINUTE
