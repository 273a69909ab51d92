"""The clock walk: schedules and recurring lessons in every zone that changes its clock in 2025-2027.

`python -m tests.proofs.clock_walk [--zones N]` compares each occurrence with `clock_oracle`, prints figures,
and exits with 1 if one is wrong. Round each change all is walked minute by minute; what is due once a day,
week or month is followed over all three years.
"""

from __future__ import annotations

import argparse
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from edupulse.control.occurrences import Rule, next_occurrence, occurrences_between
from edupulse.reminders.recurrence import Series, expand
from tests.proofs import clock_oracle as oracle
from tests.proofs.clock_oracle import BEGIN, END, MINUTE, Change, Clock, Matches

TELLING = (  # half an hour, two hours, midnight, one o'clock, Ramadan, the south, the evening before
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Casablanca"),
    *("Africa/Cairo", "Asia/Beirut", "America/Santiago", "America/Havana", "America/Nuuk", "Asia/Gaza"),
    "Pacific/Auckland",
)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
AROUND = 3 * DAY  # how far round a change everything is walked
CLOSE = 6 * HOUR  # and the entry of each minute; the longest change is two hours
ASKED = 120  # minutes before and after a change at which the next occurrence is asked for
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


@dataclass
class Figures:
    """What was compared, and what was wrong."""

    zones: int = 0
    changes: int = 0
    compared: int = 0
    mismatches: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.mismatches and self.compared > 0

    def compare(self, what: str, found: Sequence[datetime], expected: Sequence[datetime]) -> None:
        """Count the occurrences; note one that differs, or that is not later than the one before."""
        self.compare_each(what, found, expected)
        self.mismatches += [f"{what}: {after} follows {at}" for at, after in pairwise(found) if after <= at]

    def compare_each(self, what: str, found: Sequence[datetime], expected: Sequence[datetime]) -> None:
        """Count the answers; note those that differ."""
        self.compared += len(expected)
        pairs = zip(found, expected, strict=False)
        self.mismatches += [f"{what}: {one} instead of {right}" for one, right in pairs if one != right]
        if len(found) != len(expected):
            self.mismatches.append(f"{what}: {len(found)} occurrences instead of {len(expected)}")

    def __str__(self) -> str:
        counts = f"zones {self.zones}, changes {self.changes}, occurrences compared {self.compared:,}"
        return "\n".join([f"{counts}, mismatches {len(self.mismatches)}", *self.mismatches[:20]])


def walk(names: Iterable[str], *, closely: int | None = None) -> Figures:
    """Walk through those of the named zones that change their clock, `closely` round their first changes."""
    figures = Figures()
    for name, changes in oracle.zones_that_change(names).items():
        figures.zones += 1
        figures.changes += len(changes)
        for change in changes[:closely]:
            _round_a_change(figures, name, change)
        for at in sorted({time(2, 30), *(change.middle.time() for change in changes)}):
            _over_the_years(figures, name, changes, at)
        _lessons(figures, name, changes)
    return figures


def _round_a_change(figures: Figures, name: str, change: Change) -> None:
    clock = oracle.shown(ZoneInfo(name), change.at - AROUND, change.at + AROUND)
    _entries_for_every_hour(figures, name, change, clock)
    _entries_with_chosen_hours(figures, name, change, clock)


def _entries_for_every_hour(figures: Figures, name: str, change: Change, clock: Clock) -> None:
    day = change.middle
    close = [shown for shown in clock if abs(shown[0] - change.at) <= CLOSE]
    shapes: list[tuple[str, Matches, Clock]] = [
        ("* * * * *", lambda at: True, close),
        ("0 * * * *", lambda at: at.minute == 0, clock),
        ("*/20 * * * *", lambda at: at.minute % 20 == 0, clock),
        (f"15 * {day.day} {day.month} *", lambda at: (at.minute, at.date()) == (15, day.date()), clock),
    ]
    for cron, matches, minutes in shapes:
        found = occurrences_between(Rule(cron=cron, timezone=name), minutes[0][0], minutes[-1][0] + MINUTE)
        figures.compare(f"{name} {cron} {change.at}", list(found), oracle.due(minutes, matches))


def _entries_with_chosen_hours(figures: Figures, name: str, change: Change, clock: Clock) -> None:
    at = change.middle
    once, hours = f"{at.minute} {at.hour}", sorted({at.hour, (at.hour + 1) % 24})
    shapes: list[tuple[str, Matches]] = [
        ("30 2 * * *", lambda local: local.time() == time(2, 30)),
        (f"{once} * * *", lambda local: local.time() == at.time()),
        (f"{once} * * {WEEKDAYS[at.weekday()]}", lambda local: (local - at) % WEEK == timedelta()),
        (f"{once} {at.day} {at.month} *", lambda local: local == at),
        (f"*/10 {hours[0]},{hours[1]} * * *", lambda local: local.hour in hours and local.minute % 10 == 0),
    ]
    wall = oracle.on_the_wall(clock)
    for cron, matches in shapes:
        rule, expected = Rule(cron=cron, timezone=name), oracle.due(wall, matches)
        found = occurrences_between(rule, clock[0][0], clock[-1][0] + MINUTE)
        figures.compare(f"{name} {cron} {change.at}", list(found), expected)
    _asked_at_each_minute(figures, rule, change, expected)


def _asked_at_each_minute(figures: Figures, rule: Rule, change: Change, expected: list[datetime]) -> None:
    """Ask what comes next at each minute near the change, not only where the last one was."""
    minutes = [change.at + number * MINUTE for number in range(-ASKED, ASKED)]
    due = [expected[bisect_right(expected, minute)] for minute in minutes]
    found = [next_occurrence(rule, minute) for minute in minutes]
    figures.compare_each(f"{rule.timezone} {rule.cron} {change.at} asked", found, due)


def _over_the_years(figures: Figures, name: str, changes: list[Change], at: time) -> None:
    """Follow daily, weekly and monthly entries from the first day of 2025 to the last of 2027."""
    first = changes[0].middle
    local_times = [datetime.combine(BEGIN.date(), at) + number * DAY for number in range(-1, 1097)]
    shapes: list[tuple[str, Matches]] = [
        ("* * *", lambda local: True),
        (f"* * {WEEKDAYS[first.weekday()]}", lambda local: local.weekday() == first.weekday()),
        (f"{first.day} * *", lambda local: local.day == first.day),
    ]
    for days, matches in shapes:
        rule = Rule(cron=f"{at.minute} {at.hour} {days}", timezone=name)
        due = {oracle.instant_of(local, changes) for local in local_times if matches(local)}
        expected = sorted(instant for instant in due if BEGIN <= instant < END)
        figures.compare(f"{name} {rule.cron}", list(occurrences_between(rule, BEGIN, END)), expected)


def _lessons(figures: Figures, name: str, changes: list[Change]) -> None:
    """Follow weekly lessons at a time that a change touches, and at 10:00, which stays on the wall."""
    touched = changes[0].middle
    for starts in (_first_lesson(touched), _first_lesson(datetime.combine(touched, time(10)))):
        found = [one.starts_at for one in expand(_weekly(starts, name), BEGIN, END)]
        due = [oracle.instant_of(starts + number * WEEK, changes) for number in range(158)]
        figures.compare(f"{name} lesson {starts}", found, [instant for instant in due if instant < END])
    shown = {instant.astimezone(ZoneInfo(name)).time() for instant in found}
    if shown != {time(10)}:
        figures.mismatches.append(f"{name}: the lesson at 10:00 is shown at {sorted(shown)}")


def _first_lesson(at: datetime) -> datetime:
    """Return the first day of 2025, from the second on, with the weekday and the time of `at`."""
    second = datetime.combine(date(BEGIN.year, 1, 2), at.time())
    return second + (at.weekday() - second.weekday()) % 7 * DAY


def _weekly(starts: datetime, name: str) -> Series:
    return Series(starts=starts, ends=starts + HOUR, timezone=name, rrule="FREQ=WEEKLY")


def main() -> int:
    """Walk, print the figures, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--zones", type=int, metavar="N", help="walk N zones only, the telling ones first")
    others = sorted(available_timezones() - {"localtime", *TELLING})
    figures = walk([*TELLING, *others][: parser.parse_args().zones])
    print(figures)
    return 0 if figures.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
