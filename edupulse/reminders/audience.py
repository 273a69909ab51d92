"""The attendees of an event as people a mailing may go to."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from edupulse.database import db
from edupulse.mail.people import Choice, Person, no_such_group
from edupulse.reminders.models import Attendee, Event
from edupulse.reminders.people import obstacle

MOST_OFFERED = 200  # events in a list, latest first; older ones are found by their number


class Attendees:
    """Who attends an event and wants mail; who declined is not written to."""

    key = "event"
    title = "Attendees of an event"

    def choices(self) -> list[Choice]:
        wanted = select(Event.id, Event.title, Event.starts_local).order_by(
            Event.starts_at.desc(), Event.id.desc()
        )
        rows = db.session.execute(wanted.limit(MOST_OFFERED))
        return [Choice(str(id), f"{title}, {starts:%Y-%m-%d}") for id, title, starts in rows]

    def label(self, value: str) -> str:
        return self._event(value).title

    def people(self, value: str) -> Iterator[Person]:
        event = self._event(value)
        attendees = select(Attendee).where(Attendee.event_id == event.id).order_by(Attendee.id)
        for each in db.session.scalars(attendees):
            if obstacle(each) is None:
                yield Person(each.email, each.name, each.locale, {"event": event.title})

    def _event(self, value: str) -> Event:
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else 0
        found: Event | None = db.session.get(Event, number)
        if found is None:
            raise no_such_group(self, value)
        return found
