"""Somebody invites us, changes the invitation or calls it off: the event follows, once, in the right order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from edupulse import walltime
from edupulse.accounts.models import User
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable
from edupulse.reminders.calendar_event import ImportedEvent
from edupulse.reminders.calendar_mail import Item
from edupulse.reminders.entry import last_day_of
from edupulse.reminders.imports import take_in
from edupulse.reminders.last_word import Said, is_news, keep_word, last_word
from edupulse.reminders.models import Event
from edupulse.reminders.occurrences import cancel_occurrence, change_occurrence, restore_occurrence
from edupulse.reminders.organisers import known_among
from edupulse.reminders.saving import cancel_event, restore_event

OLDER = "a newer version is here already; nothing was changed"


@dataclass(frozen=True)
class Taken:
    """What became of one event of a calendar message, in words; with `attention` a person should look."""

    words: str
    event_id: int | None = None
    attention: str = ""
    may_be_approved: bool = False  # a person can have it done after all


def event_of(item: Item) -> Event | None:
    """Return the event that is meant: the series, else an instance that came without one."""
    known = db.session.scalars(select(Event).where(Event.uid.in_([item.uid, _alone(item)]))).all()
    return next((each for each in known if each.uid == item.uid), known[0] if known else None)


def invited(item: Item, event: ImportedEvent, organizer: str, *, actor: str) -> Taken:
    """Bring in a REQUEST of `organizer` (an address), as a new event or as a change of a known one.

    Only people we know are taken onto the list: nobody else can be made to get mail from us. Raises Invalid.
    """
    ours = known_among(person.email for person in event.attendees)
    people = tuple(each for each in event.attendees if comparable(each.email) in ours)
    known = event_of(item)
    if known is None:
        return _new(item, replace(event, uid=_alone(item), attendees=people), organizer, actor)
    said = last_word(known.id, organizer, item)
    if not is_news(item, said) or (said is None and not item.instance and _seq(item) < known.sequence):
        return Taken(f"“{known.title}”: {OLDER}.", known.id)
    keep_word(known.id, organizer, item)
    if item.instance and known.uid == item.uid and known.is_series:
        return _instance(known, item, event, actor)
    return _update(known, item, said, replace(event, uid=known.uid, attendees=people), actor)


def called_off(item: Item, known: Event, organizer: str, *, actor: str) -> Taken:
    """Cancel the event, or the instance, that a CANCEL of its organiser means. Raises Invalid, Conflict."""
    if not is_news(item, last_word(known.id, organizer, item)):
        return Taken(f"“{known.title}”: {OLDER}.", known.id)
    keep_word(known.id, organizer, item)
    if item.instance and known.uid == item.uid and known.is_series:
        at = _original(known, item)
        cancel_occurrence(known.id, at, actor)
        return Taken(f"“{known.title}” does not take place on {at[:10]}.", known.id)
    if known.is_cancelled:
        return Taken(f"“{known.title}” was cancelled before.", known.id)
    cancel_event(known.id, actor)
    return Taken(f"“{known.title}” is cancelled.", known.id)


def _new(item: Item, event: ImportedEvent, organizer: str, actor: str) -> Taken:
    if event.cancelled:
        return Taken(f"“{event.title}” is called off and was not known here.")
    owner_id = db.session.scalar(select(User.id).where(User.email == comparable(organizer)))
    report = take_in([event], actor, owner_id)
    if not report.added:
        raise Invalid(" ".join(report.rejected) or "The event could not be brought in.")
    added = report.added[0]
    keep_word(added.id, organizer, item)
    return Taken(f"“{added.title}” is in the calendar.", added.id)


def _update(known: Event, item: Item, said: Said | None, event: ImportedEvent, actor: str) -> Taken:
    """Let a known event follow; what was cancelled comes back only with a higher SEQUENCE than we know."""
    if known.is_cancelled and not event.cancelled:
        if _seq(item) <= (said.sequence if said else known.sequence):
            return Taken(f"“{known.title}” stays cancelled: the invitation is no newer than that.", known.id)
        restore_event(known.id, actor)
    # Changes made here count SEQUENCE up too; the order of the organiser's own versions was looked at above.
    report = take_in([replace(event, sequence=max(event.sequence, known.sequence))], actor)
    if report.rejected:
        raise Invalid(" ".join(report.rejected))
    words = "is up to date" if report.unchanged else "is cancelled" if event.cancelled else "was changed"
    return Taken(f"“{known.title}” {words}.", known.id)


def _instance(known: Event, item: Item, event: ImportedEvent, actor: str) -> Taken:
    """Change one instance of a series that is here."""
    at = _original(known, item)
    if event.cancelled:
        cancel_occurrence(known.id, at, actor)
        return Taken(f"“{known.title}” does not take place on {at[:10]}.", known.id)
    if known.overrides.get(at, {}).get("cancelled"):
        restore_occurrence(known.id, at, actor)
    starts, ends = (_on_its_clock(known, event, each) for each in (event.series.starts, event.series.ends))
    place = {"location": event.location} if event.location else {}
    change_occurrence(
        known.id, at, actor, starts=starts, ends=last_day_of(ends) if known.all_day else ends, **place
    )
    return Taken(f"“{known.title}” was changed for {at[:10]}.", known.id)


def _original(known: Event, item: Item) -> str:
    assert item.instance is not None  # noqa: S101 - asked by the callers
    return item.instance.on(known.timezone, if_date=known.starts_local).isoformat()


def _on_its_clock(known: Event, event: ImportedEvent, at: datetime) -> datetime:
    if known.all_day:
        return at
    return walltime.to_local(walltime.to_utc(at, event.series.timezone), known.timezone)


def _alone(item: Item) -> str:
    """Return the UID under which an instance is kept that came without its series."""
    return f"{item.uid}#{item.instance_name}"[:255] if item.instance else item.uid


def _seq(item: Item) -> int:
    return item.sequence or 0
