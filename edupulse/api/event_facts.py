"""What programs are told about an event: when and where it is, who should know, and its dates."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.schema import Shown
from edupulse.api.wall_times import WallTime
from edupulse.clock import now
from edupulse.reminders import events, monitor, people
from edupulse.reminders.models import Attendee as Person
from edupulse.reminders.models import Event as Row
from edupulse.reminders.places import Place, map_links
from edupulse.reminders.plan import Occurrence
from edupulse.reminders.reasons import words
from edupulse.reminders.recurrence import describe_rrule

DATES = 6  # to come, that stand beside the facts of an event


class Attendee(Shown):
    """A person of an event; `obstacle` says why they are not written to, and is empty where they are."""

    id: int
    name: str
    email: str
    locale: str
    timezone: str | None
    wants_mail: bool
    status: str
    obstacle: str


class EventDate(Shown):
    """One date of an event. `original` is its start by the rule, on the clock of the event, and names it."""

    original: WallTime
    starts_at: datetime
    ends_at: datetime
    place: str


class MapLink(Shown):
    """Where the place is found on one map."""

    key: str
    name: str
    url: str


class EventBrief(Shown):
    """An event in a list, with its next date, or its first where none is to come."""

    id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    all_day: bool
    timezone: str
    repeats: str
    state: str
    email_reminder: bool
    leads: list[int]
    attendees: int


class EventRow(Shown):
    """What is stored of an event as people see it."""

    id: int
    uid: str
    title: str
    description: str
    all_day: bool
    timezone: str
    location: str
    latitude: float | None
    longitude: float | None
    rrule: str | None
    leads: list[int]
    email_reminder: bool
    state: str
    organizer: str
    revision: int
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    updated_at: datetime


class Event(EventRow):
    """An event. `starts` and `ends` are on the clock of its zone; an all-day event ends with the day of `ends`."""

    starts: WallTime
    ends: WallTime
    repeats: str
    maps: list[MapLink]
    attendees: list[Attendee]
    dates: list[EventDate]
    left_out: list[WallTime]


def facts_of_event(event: Row) -> dict[str, Any]:
    """Return all that is known of an event, with its next dates and those to come that were left out."""
    moment, draft = now(), events.draft_of(event)
    return {
        **facts_of(event, EventRow),
        "starts": draft.starts.isoformat(),
        "ends": (draft.ends or draft.starts).isoformat(),
        "repeats": _repeats(event),
        "maps": map_links(Place(event.location, event.latitude, event.longitude)),
        "attendees": [facts_of_attendee(each) for each in event.attendees],
        "dates": [facts_of_date(each) for each in monitor.coming_occurrences(event, moment, DATES)],
        "left_out": monitor.left_out(event, moment),
    }


def brief(listed: monitor.Listed) -> dict[str, Any]:
    """Return an event as a list shows it."""
    same = ("id", "title", "all_day", "timezone", "state", "email_reminder", "leads")
    return {
        **{name: getattr(listed.event, name) for name in same},
        "starts_at": listed.starts_at,
        "ends_at": listed.ends_at,
        "place": listed.place,
        "repeats": _repeats(listed.event),
        "attendees": len(listed.event.attendees),
    }


def facts_of_attendee(person: Person) -> dict[str, Any]:
    """Return what is known of a person of an event."""
    known = {name: getattr(person, name) for name in Attendee.model_fields if name != "obstacle"}
    return known | {"obstacle": words(people.obstacle(person))}


def facts_of_date(date: Occurrence) -> dict[str, Any]:
    """Return one date of an event."""
    return facts_of(date, EventDate)


def _repeats(event: Row) -> str:
    return describe_rrule(event.rrule) if event.rrule else ""
