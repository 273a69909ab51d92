"""What there is to know about one event: all for programs, and a line or a page for people."""

from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.cli.durations import span
from edupulse.cli.output import local
from edupulse.config import current_settings
from edupulse.reminders.models import Attendee, Event
from edupulse.reminders.monitor import Listed
from edupulse.reminders.people import obstacle
from edupulse.reminders.plan import Occurrence
from edupulse.reminders.reasons import words
from edupulse.reminders.rrule_words import describe_rrule
from edupulse.reminders.timeline import Entry
from edupulse.walltime import to_local

_NAMES = (
    "id", "uid", "title", "state", "description", "all_day", "timezone", "starts_at", "ends_at", "rrule",
    "exdates", "rdates", "location", "latitude", "longitude", "email_reminder", "leads", "organizer",
    "notification_sent", "sequence", "revision", "created_at", "updated_at",
)  # fmt: skip


def facts_of(event: Event) -> dict[str, object]:
    """Return what there is to know about one event, its people with it, for programs."""
    facts: dict[str, object] = {name: getattr(event, name) for name in _NAMES}
    times = {"starts": event.starts_local.isoformat(), "ends": event.ends_local.isoformat()}
    return {**facts, **times, "attendees": [facts_of_person(each) for each in event.attendees]}


def page_of(event: Event) -> dict[str, object]:
    """Return one event for people; what is usual or unknown is left out."""
    lead = [span(60 * minutes) for minutes in event.leads or [current_settings().reminder_advance_minutes]]
    return {
        "id": event.id,
        "title": event.title,
        "state": event.state,
        "when": when(event),
        "timezone": event.timezone,
        "repeats": describe_rrule(event.rrule) if event.rrule else None,
        "location": event.location or None,
        "position": None if event.latitude is None else f"{event.latitude}, {event.longitude}",
        "organizer": event.organizer or None,
        "reminds": [f"{each} before" for each in lead] if event.email_reminder else "nobody",
        "everybody_told": event.notification_sent,
        "description": event.description or None,
    }


def when(event: Event) -> str:
    """Return when it takes place, of a series the first time, on the clock of its zone."""
    starts, ends = event.starts_local, event.ends_local
    if event.all_day:
        return _days(starts, ends - timedelta(days=1))
    same_day = f"{ends:%H:%M}" if ends.date() == starts.date() else f"{ends:%Y-%m-%d %H:%M}"
    return f"{starts:%Y-%m-%d %H:%M} to {same_day}"


def row_of(listed: Listed) -> dict[str, object]:
    """Return a line of the list of events: with its next date, or its first where none is to come."""
    event = listed.event
    return {
        "id": event.id,
        "starts": _on_its_clock(listed.starts_at, event),
        "title": event.title,
        "place": listed.place or None,
        "repeats": describe_rrule(event.rrule) if event.rrule else None,
        "people": len(event.attendees),
        "state": event.state,
    }


def facts_of_person(person: Attendee) -> dict[str, object]:
    """Return what there is to know about one attendee."""
    names = ("id", "name", "email", "locale", "timezone", "wants_mail", "status")
    facts: dict[str, object] = {name: getattr(person, name) for name in names}
    return {**facts, "gets_no_mail": words(obstacle(person)) or None}


def facts_of_date(date: Occurrence) -> dict[str, object]:
    """Return what there is to know about one date of a series."""
    return {
        "date": date.original,
        "starts_at": date.starts_at,
        "ends_at": date.ends_at,
        "location": date.place or None,
    }


def row_of_entry(entry: Entry) -> dict[str, object]:
    """Return a line of the story of an event's reminders."""
    became = {"sent": "sent", None: entry.state}.get(entry.delivery_state, entry.delivery_state)
    return {
        "for": entry.name or entry.address,
        "about": entry.starts_at,
        "kind": entry.kind,
        "due": entry.due_at,
        "state": became,
        "sent": entry.sent_at,
        "mail": entry.delivery_id,
        "why": entry.words or None,
    }


def _days(first: datetime, last: datetime) -> str:
    return f"{first:%Y-%m-%d}" if last.date() <= first.date() else f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"


def _on_its_clock(at: datetime, event: Event) -> str:
    if event.timezone == current_settings().timezone:
        return local(at) if not event.all_day else f"{to_local(at, event.timezone):%Y-%m-%d}"
    shown = to_local(at, event.timezone)
    return f"{shown:%Y-%m-%d}" if event.all_day else f"{shown:%Y-%m-%d %H:%M} {event.timezone}"
