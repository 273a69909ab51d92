"""What the doors ask about events: a list by filter, one event, its next dates, where a mail came from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import selectinload

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mail.models import Delivery
from edupulse.paging import PAGE_SIZE, Order, Page, page_of, slice_of
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.plan import HORIZON, Occurrence, facts_of, occurrences
from edupulse.walltime import to_local

WINDOWS = (
    HORIZON,
    timedelta(days=400),
    timedelta(days=3_600),
)  # where the next occurrence is looked for, nearest first
MOST_LOOKED_AT = 60  # dates ahead among which one is looked for: more than a year of weeks
MOST_COMING_UP = 5_000  # events; beyond that only the nearest single ones and the oldest series are sorted in


@dataclass(frozen=True)
class EventFilter:
    """Which events to list."""

    when: str = "upcoming"  # upcoming | past | cancelled
    text: str = ""  # in title, place or description


@dataclass(frozen=True)
class Listed:
    """One event as a list shows it: with its next occurrence, or its first where none is to come."""

    event: Event
    starts_at: datetime
    ends_at: datetime
    place: str


@dataclass(frozen=True)
class Origin:
    """What a delivery came from; both empty for a mail that is about no event."""

    event: Event | None = None
    reminder: Reminder | None = None


def events(filters: EventFilter, now: datetime, cursor: str = "", size: int = PAGE_SIZE) -> Page[Listed]:
    """Return a page of events, the soonest first where they come up, else the latest; raises Invalid."""
    if filters.when == "upcoming":
        return _coming_up(filters, now, cursor, size)
    state = "cancelled" if filters.when == "cancelled" else "confirmed"
    query = _matching(filters.text).where(Event.state == state)
    if state == "confirmed":
        query = query.where(Event.last_ends_at < now)
    query = query.options(selectinload(Event.attendees))
    page = page_of(query, Order(Event.starts_at, Event.id), cursor=cursor, size=size)
    return Page([_as_first(event) for event in page.items], page.previous, page.next)


def event(event_id: int) -> Event:
    """Return one event with its people; raises NotFound."""
    found = db.session.get(Event, event_id)
    if found is None:
        raise NotFound(f"There is no event {event_id}.", event_id=event_id)
    return found


def coming_occurrences(found: Event, now: datetime, count: int) -> list[Occurrence]:
    """Return the next `count` occurrences that are not over, fewer where the event ends before."""
    facts = facts_of(found, current_settings().reminder_advance_minutes)
    coming: list[Occurrence] = []
    for window in WINDOWS:
        coming = occurrences(facts, now, now + window)
        if len(coming) >= count or not facts.is_series:
            break
    return coming[:count]


def coming_occurrence(found: Event, original: str, now: datetime) -> Occurrence:
    """Return the occurrence to come whose local start by the rule is `original`; raises NotFound."""
    name = _as_kept(original)
    for each in coming_occurrences(found, now, MOST_LOOKED_AT):
        if each.original == name:
            return each
    raise NotFound(
        "This event has no such date to come.",
        cure="Open the event and choose one of its dates.",
        event_id=found.id,
    )


def _as_kept(original: str) -> str:
    try:
        return datetime.fromisoformat(original).isoformat()
    except ValueError:
        return original


def left_out(found: Event, now: datetime) -> list[str]:
    """Return the dates of a series, as local ISO starts, that are to come and were left out."""
    cancelled = (original for original, kept in found.overrides.items() if kept.get("cancelled"))
    today = to_local(now, found.timezone).isoformat()
    return sorted({original for original in (*found.exdates, *cancelled) if original >= today})


def origin_of(delivery: Delivery) -> Origin:
    """Return the event and the reminder that a delivery came from."""
    if delivery.mailing_id is not None:  # its subject is a campaign, whose number may be that of an event
        return Origin()
    reminder = db.session.scalar(select(Reminder).where(Reminder.delivery_id == delivery.id).limit(1))
    if reminder is not None:
        return Origin(reminder.event, reminder)
    about = int(delivery.subject_id) if delivery.kind != "test" and delivery.subject_id.isdecimal() else None
    return Origin(db.session.get(Event, about)) if about else Origin()


def _coming_up(filters: EventFilter, now: datetime, cursor: str, size: int) -> Page[Listed]:
    not_over = or_(Event.last_ends_at.is_(None), Event.last_ends_at >= now)
    query = _matching(filters.text).where(Event.state == "confirmed", not_over)
    found = db.session.scalars(query.order_by(Event.starts_at, Event.id).limit(MOST_COMING_UP))
    rows = sorted((_as_next(each, now) for each in found), key=_when)
    page = slice_of(rows, _when, cursor=cursor, size=size)
    _load_people([row.event.id for row in page.items])
    return page


def _load_people(event_ids: list[int]) -> None:
    """Fetch the people of the events that are shown, in one query instead of one for each."""
    wanted = select(Event).where(Event.id.in_(event_ids)).options(selectinload(Event.attendees))
    db.session.scalars(wanted).all()


def _matching(text: str) -> Select[Event]:
    query = select(Event)
    if not text:
        return query
    searched = (Event.title, Event.location, Event.description)
    return query.where(or_(*(column.icontains(text, autoescape=True) for column in searched)))


def _when(row: Listed) -> tuple[datetime, int]:
    return row.starts_at, row.event.id


def _as_first(found: Event) -> Listed:
    return Listed(found, found.starts_at, found.ends_at, found.location)


def _as_next(found: Event, now: datetime) -> Listed:
    if not found.is_series:
        return _as_first(found)
    coming = coming_occurrences(found, now, 1)
    return (
        Listed(found, coming[0].starts_at, coming[0].ends_at, coming[0].place) if coming else _as_first(found)
    )
