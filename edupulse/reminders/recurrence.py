"""An event's series (start, rule, exceptions, moved instances) becomes its occurrences as instants.

Everything is worked out on the wall clock of the event's zone, and only then turned into UTC by the one rule
of `edupulse.walltime` for skipped and doubled hours: a lesson at 10:00 stays at 10:00 all year.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import merge
from itertools import islice

from edupulse import walltime
from edupulse.errors import Invalid
from edupulse.reminders.rrule import parse_rrule, refusal
from edupulse.reminders.rrule_dates import happens, last_local_time, local_times
from edupulse.reminders.rrule_words import describe_rrule as describe_rrule

BUDGET = 2_000  # occurrences in one answer; five years of a daily lesson
LONGEST_WINDOW = timedelta(days=3_660)  # ten years; no plan reaches further
LONGEST_EVENT = timedelta(days=366)
MOST_EXCEPTIONS = 1_000  # excluded dates, added dates and moved instances, each
SLACK, MOST_IN_SLACK = timedelta(days=2), 96  # more than any offset from UTC, and what can recur in it
A_LEAP_YEAR = datetime.fromisoformat("2024-01-01 09:00")  # where rules that have no event yet are tried


@dataclass(frozen=True)
class Override:
    """What differs for one instance of a series; None leaves a field as the series has it."""

    starts: datetime | None = None  # naive, local
    ends: datetime | None = None  # naive, local
    cancelled: bool = False
    title: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class Series:
    """When an event takes place, in naive local times of `timezone`; the end of an all-day event is excluded.

    `overrides` is keyed by the local time that the instance had in the series (its RECURRENCE-ID).
    """

    starts: datetime
    ends: datetime
    timezone: str
    all_day: bool = False
    rrule: str | None = None
    exdates: tuple[datetime, ...] = ()
    rdates: tuple[datetime, ...] = ()
    overrides: Mapping[datetime, Override] = field(default_factory=dict)


@dataclass(frozen=True)
class Occurrence:
    """One taking place: its local time in the series (naive), and when it begins and ends (aware, UTC)."""

    original: datetime
    starts_at: datetime
    ends_at: datetime
    all_day: bool = False
    override: Override | None = None


def expand(series: Series, start: datetime, end: datetime, *, budget: int = BUDGET) -> list[Occurrence]:
    """Return the occurrences that begin from `start` (included) to `end` (excluded), both aware, in order.

    A moved instance counts where it was moved to, a cancelled one not at all. Local times that the clock
    turns into one instant are one occurrence. Raises Invalid for more than `budget` of them or ten years.
    """
    if end - start > LONGEST_WINDOW:
        raise Invalid("The stretch of time is longer than ten years.", cure="Ask for a shorter one.")
    found = {one.starts_at: one for one in reversed(_unchanged(series, start, end, budget))}
    moved = [one for one in _moved(series) if has_instance(series, one.original)]
    inside = [one for one in (*found.values(), *moved) if start <= one.starts_at < end]
    _refuse_beyond(len(inside), budget)
    return sorted(inside, key=lambda one: (one.starts_at, one.original))


def has_instance(series: Series, original: datetime) -> bool:
    """Say whether the series has an instance that by its rule begins at the local time `original`."""
    return next(_originals(series, original, original), None) is not None


def last_end(series: Series) -> datetime | None:
    """Return an instant at or soon after the end of the last occurrence; None for a series without end."""
    last = last_local_time(series.rrule, series.starts) if series.rrule else series.starts
    if last is None:
        return None
    latest = max(last, *series.rdates) if series.rdates else last
    return max(one.ends_at for one in (_occurrence(series, latest), *_moved(series)))


def validate_series(series: Series) -> None:
    """Raise Invalid, saying what to change, unless the series can take place."""
    walltime.to_utc(series.starts, series.timezone)
    walltime.to_utc(series.ends, series.timezone)
    if series.ends < series.starts or (series.all_day and series.ends == series.starts):
        raise Invalid("The event ends before it starts.", cure="Choose a later end.", field="ends")
    if series.ends - series.starts > LONGEST_EVENT:
        raise Invalid("The event is longer than a year.", cure="Choose an earlier end.", field="ends")
    if series.all_day and any(at.time() != at.min.time() for at in (series.starts, series.ends)):
        raise Invalid(
            "An all-day event has no time of day.", cure="Start and end it at 00:00.", field="starts"
        )
    if max(len(series.exdates), len(series.rdates), len(series.overrides)) > MOST_EXCEPTIONS:
        cure = "Split the series in two."
        raise Invalid(f"The series has more than {MOST_EXCEPTIONS} exceptions.", cure=cure, field="exdates")
    if series.rrule is not None:
        validate_rrule(series.rrule, starts=series.starts)


def validate_rrule(text: str, *, starts: datetime | None = None) -> None:
    """Raise Invalid, saying what to write instead, unless the rule can be used, from `starts` if known."""
    rule = parse_rrule(text)
    if starts and rule.until and rule.until.replace(tzinfo=None) < starts - timedelta(days=1):
        raise refusal("it ends before the event starts", "Choose a later UNTIL.")
    if not happens(text, starts or A_LEAP_YEAR):
        raise refusal("no such day ever comes", "Choose a day that the month or the week has.")


def _unchanged(series: Series, start: datetime, end: datetime, budget: int) -> list[Occurrence]:
    """Return the instances that nothing overrides, a little beyond both ends."""
    first, last = (walltime.to_local(at, series.timezone) for at in (start, end))
    originals = list(islice(_originals(series, first - SLACK, last + SLACK), budget + MOST_IN_SLACK + 1))
    _refuse_beyond(len(originals) - MOST_IN_SLACK, budget)
    return [_occurrence(series, original) for original in originals if original not in series.overrides]


def _moved(series: Series) -> Iterator[Occurrence]:
    return (
        _occurrence(series, original, override)
        for original, override in series.overrides.items()
        if not override.cancelled
    )


def _originals(series: Series, first: datetime, last: datetime) -> Iterator[datetime]:
    """Yield the local times of the series from `first` to `last`, each once, without the excluded ones."""
    by_rule = local_times(series.rrule, series.starts, first, last) if series.rrule else iter([series.starts])
    latest, excluded = None, frozenset(series.exdates)
    for local in merge(_until(series, by_rule), sorted(series.rdates)):
        if local != latest and first <= local <= last and local not in excluded:
            yield local
        latest = local


def _until(series: Series, by_rule: Iterator[datetime]) -> Iterator[datetime]:
    """Leave out what lies after an UNTIL given in UTC."""
    until = parse_rrule(series.rrule).until if series.rrule else None
    if until is None or until.tzinfo is None:
        return by_rule
    return (local for local in by_rule if walltime.to_utc(local, series.timezone) <= until)


def _occurrence(series: Series, original: datetime, override: Override | None = None) -> Occurrence:
    starts = (override and override.starts) or original
    ends = (override and override.ends) or starts + (series.ends - series.starts)
    begin, finish = (walltime.to_utc(at, series.timezone) for at in (starts, ends))
    if finish <= begin:  # both lie around a change of the clock: keep the written length
        finish = begin + (ends - starts)
    return Occurrence(original, begin, finish, series.all_day, override)


def _refuse_beyond(count: int, budget: int) -> None:
    if count > budget:
        cure = "Ask for a shorter stretch of time."
        raise Invalid(f"The event takes place more than {budget} times in it.", cure=cure, field="rrule")
