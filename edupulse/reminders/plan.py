"""What an event is and the present moment become the reminders it needs: pure arithmetic, in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from edupulse.reminders import recurrence
from edupulse.reminders.models import Event
from edupulse.reminders.recurrence import Override, Series
from edupulse.walltime import to_local, to_utc

HORIZON = timedelta(
    days=35
)  # a series is planned this far ahead: the longest lead, four weeks, and a week to spare
GRACE = timedelta(minutes=10)  # after the start a late reminder still helps this long, as "has just begun"
ALL_DAY_HOUR = 9  # local hour from which leads of an all-day event count: at midnight nobody wants a mail
SLACK = timedelta(days=2)  # wider than any offset from UTC


@dataclass(frozen=True)
class Occurrence:
    """One taking place: its local start by the rule, which names it, and what holds for it."""

    original: str  # naive local ISO time
    starts_at: datetime  # aware, UTC
    ends_at: datetime
    place: str


@dataclass(frozen=True)
class EventFacts:
    """What planning needs to know of an event."""

    series: Series
    place: str
    leads: tuple[int, ...]  # minutes
    reminds: bool = True
    stands: bool = True  # false: cancelled

    @property
    def is_series(self) -> bool:
        return bool(self.series.rrule or self.series.rdates)


@dataclass(frozen=True)
class Planned:
    """One reminder that each person of the event needs."""

    original: str
    starts_at: datetime
    ends_at: datetime
    lead_minutes: int
    due_at: datetime


def facts_of(event: Event, default_lead: int) -> EventFacts:
    """Return what planning needs of `event`; without a lead of its own it has `default_lead` (minutes)."""
    return EventFacts(
        series=series_of(event),
        place=place_of(event),
        leads=tuple(event.leads) or (default_lead,),
        reminds=event.email_reminder,
        stands=not event.is_cancelled,
    )


def series_of(event: Event) -> Series:
    """Return when `event` takes place."""
    return Series(
        starts=event.starts_local,
        ends=event.ends_local,
        timezone=event.timezone,
        all_day=event.all_day,
        rrule=event.rrule,
        exdates=event.exdate_times,
        rdates=event.rdate_times,
        overrides={datetime.fromisoformat(each): override_of(kept) for each, kept in event.overrides.items()},
    )


def override_of(kept: Mapping[str, Any]) -> Override:
    """Return what `Event.overrides` keeps of one instance."""
    starts, ends = kept.get("starts"), kept.get("ends")
    return Override(
        starts=datetime.fromisoformat(starts) if starts else None,
        ends=datetime.fromisoformat(ends) if ends else None,
        cancelled=bool(kept.get("cancelled")),
        title=kept.get("title"),
        location=kept.get("location"),
    )


def place_of(event: Event) -> str:
    """Return the place by which a person knows it: its text, else its position to about a hundred metres."""
    if event.location or event.latitude is None or event.longitude is None:
        return event.location
    return f"{event.latitude:.3f}, {event.longitude:.3f}"


def place_at(event: Event, original: str) -> str:
    """Return the place of the occurrence that started as `original`."""
    own = event.overrides.get(original, {}).get("location")
    return place_of(event) if own is None else str(own)


def title_at(event: Event, original: str) -> str:
    """Return the title of the occurrence that started as `original`."""
    return str(event.overrides.get(original, {}).get("title") or event.title)


def plan(facts: EventFacts, now: datetime, until: datetime) -> list[Planned]:
    """Return the reminders that each person needs, of every occurrence that begins by `until`.

    One that is due already is among them as long as it helps (see `deadline`), and none of what is over.
    """
    if not (facts.stands and facts.reminds):
        return []
    zone, all_day = facts.series.timezone, facts.series.all_day
    return [
        Planned(
            each.original, each.starts_at, each.ends_at, lead, due_at(each.starts_at, lead, zone, all_day)
        )
        for each in occurrences(facts, now, until)
        if deadline(each.starts_at, zone, all_day) > now
        for lead in facts.leads
    ]


def occurrences(facts: EventFacts, now: datetime, until: datetime) -> list[Occurrence]:
    """Return what is not over at `now` and begins by `until`, whether the event is cancelled or not.

    A single event counts wherever it lies. What ended within the grace is not over yet.
    """
    series, since = facts.series, now - GRACE
    if facts.is_series:
        found = recurrence.expand(series, since - _longest(series) - SLACK, until)
        return [_occurrence(each, facts.place) for each in found if each.ends_at >= since]
    begin = to_utc(series.starts, series.timezone)
    found = recurrence.expand(series, begin - SLACK, begin + SLACK)
    return [_occurrence(each, facts.place) for each in found]


def due_at(starts_at: datetime, lead_minutes: int, zone: str, all_day: bool) -> datetime:
    """Return the instant `lead_minutes` before the start; of an all-day event before 09:00 of its first day.

    Minutes are subtracted in UTC: a lead of a day is 24 hours, also across a change of the clock.
    """
    return _reference(starts_at, zone, all_day) - timedelta(minutes=lead_minutes)


def deadline(starts_at: datetime, zone: str, all_day: bool) -> datetime:
    """Return the instant after which a reminder helps nobody: start and grace, or the end of the first day."""
    if not all_day:
        return starts_at + GRACE
    next_day = to_local(starts_at, zone).date() + timedelta(days=1)
    return to_utc(datetime.combine(next_day, time()), zone)


def _reference(starts_at: datetime, zone: str, all_day: bool) -> datetime:
    if not all_day:
        return starts_at
    return to_utc(datetime.combine(to_local(starts_at, zone).date(), time(ALL_DAY_HOUR)), zone)


def _longest(series: Series) -> timedelta:
    moved = (each for each in series.overrides.values() if each.starts and each.ends)
    lengths = [each.ends - each.starts for each in moved if each.starts and each.ends]
    return max([series.ends - series.starts, *lengths], default=timedelta(0))


def _occurrence(found: recurrence.Occurrence, place: str) -> Occurrence:
    own_place = found.override.location if found.override else None
    return Occurrence(
        original=found.original.isoformat(),
        starts_at=found.starts_at.astimezone(UTC),
        ends_at=found.ends_at.astimezone(UTC),
        place=place if own_place is None else own_place,
    )
