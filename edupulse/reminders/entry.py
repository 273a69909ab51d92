"""What was entered becomes the row of an event, and the row becomes what a form shows again."""

from __future__ import annotations

from datetime import datetime, timedelta
from secrets import token_hex

from edupulse.config import current_settings
from edupulse.mail.addresses import parse_named
from edupulse.reminders import people
from edupulse.reminders.drafts import EventDraft, checked
from edupulse.reminders.models import Event
from edupulse.reminders.recurrence import Series, validate_series
from edupulse.walltime import to_utc


def entered(draft: EventDraft) -> EventDraft:
    """Return `draft` checked and complete; raise Invalid naming every field that cannot be used."""
    settings = current_settings()
    complete = checked(draft, default_zone=settings.timezone, default_locale=settings.locale)
    starts, ends = complete.starts, complete.ends or complete.starts
    validate_series(Series(starts, ends, complete.timezone, all_day=complete.all_day, rrule=complete.rrule))
    return complete


def new_event(complete: EventDraft, moment: datetime, owner_id: int | None, uid: str = "") -> Event:
    """Return the row of a new event, not stored yet; without `uid` it gets one of ours."""
    event = Event(
        uid=uid or own_uid(), owner_id=owner_id, organizer="", state="confirmed", exdates=[], rdates=[],
        overrides={}, sequence=0, revision=0, notification_sent=False, created_at=moment,
    )  # fmt: skip
    apply(event, complete, moment)
    return event


def apply(event: Event, complete: EventDraft, moment: datetime) -> None:
    """Write a checked draft into the row of `event`."""
    if event.starts_local:  # none: the event is new
        keep_exceptions(event, hours_between(event.starts_local, complete.starts))
    name_exceptions(event, complete)
    event.title, event.description, event.location = complete.title, complete.description, complete.location
    event.starts_local, event.ends_local = complete.starts, complete.ends or complete.starts
    event.all_day, event.timezone, event.rrule = complete.all_day, complete.timezone, complete.rrule
    event.latitude, event.longitude = complete.latitude, complete.longitude
    event.leads, event.email_reminder = list(complete.leads), complete.email_reminder
    event.starts_at = to_utc(event.starts_local, event.timezone)
    event.ends_at = max(event.starts_at, to_utc(event.ends_local, event.timezone))
    event.updated_at = moment
    people.apply_people(event, complete.attendees)


def keep_exceptions(event: Event, hours: timedelta) -> None:
    """Let what was left out, added or moved stay so when the series begins `hours` later in the day.

    Such a date is named by its start by the rule, which is another one then.
    """
    event.exdates = [_later(each, hours) for each in event.exdates]
    event.rdates = [_later(each, hours) for each in event.rdates]
    event.overrides = {_later(original, hours): kept for original, kept in event.overrides.items()}


def hours_between(was: datetime, starts: datetime) -> timedelta:
    """Return how much later in the day `starts` is than `was`."""
    return datetime.combine(was.date(), starts.time()) - was


def name_exceptions(event: Event, complete: EventDraft) -> None:
    """Write the exceptions that a draft names; the others stay as they are."""
    if complete.exdates is not None:
        event.exdates = [each.isoformat() for each in complete.exdates]
    if complete.rdates is not None:
        event.rdates = [each.isoformat() for each in complete.rdates]
    if complete.overrides is not None:
        event.overrides = {original: dict(kept) for original, kept in complete.overrides.items()}


def draft_of(event: Event) -> EventDraft:
    """Return the draft that would store this event again, to fill a form with."""
    return EventDraft(
        title=event.title,
        starts=event.starts_local,
        ends=last_day_of(event.ends_local) if event.all_day else event.ends_local,
        description=event.description,
        all_day=event.all_day,
        timezone=event.timezone,
        location=event.location,
        latitude=event.latitude,
        longitude=event.longitude,
        rrule=event.rrule,
        leads=tuple(event.leads),
        email_reminder=event.email_reminder,
        attendees=tuple(people.draft_of(each) for each in event.attendees),
    )


def last_day_of(ends: datetime) -> datetime:
    """Return the last day, included, of an all-day event that ends at the midnight `ends`."""
    return ends - timedelta(days=1)


def own_uid() -> str:
    """Return a new iCalendar UID: random, at the domain from which we write (RFC 7986 section 5.3)."""
    return f"{token_hex(16)}@{own_domain()}"


def own_domain() -> str:
    """Return the domain of our sender address."""
    return parse_named(current_settings().default_from_email, field="DEFAULT_FROM_EMAIL")[1].domain


def _later(original: str, hours: timedelta) -> str:
    return (datetime.fromisoformat(original) + hours).isoformat()
