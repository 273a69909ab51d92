"""An event as it stands at one moment, its facts and its people, so that before and after can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from edupulse.config import current_settings
from edupulse.reminders.models import Attendee, Event
from edupulse.reminders.people import obstacle
from edupulse.reminders.plan import EventFacts, facts_of


@dataclass(frozen=True)
class Person:
    """Who is told, and how; `obstacle` is the code of why not."""

    attendee_id: int | None
    name: str
    email: str
    locale: str
    timezone: str | None
    obstacle: str | None = None


@dataclass(frozen=True)
class Snapshot:
    """An event at one moment; `people` are keyed by address, so that each is one person."""

    facts: EventFacts
    people: dict[str, Person]

    def is_reminded(self, address: str) -> bool:
        """Say whether reminders go to this address."""
        return address in self.people and self.people[address].obstacle is None


def snapshot(event: Event) -> Snapshot:
    """Return `event` as it stands now."""
    return Snapshot(facts_of(event, current_settings().reminder_advance_minutes), people_of(event))


def people_of(event: Event) -> dict[str, Person]:
    """Return the people of `event` by address; who has none is not among them."""
    people: dict[str, Person] = {}
    for attendee in event.attendees:
        if attendee.address:
            people.setdefault(attendee.address, _person_of(attendee))
    return people


def _person_of(attendee: Attendee) -> Person:
    return Person(
        attendee.id, attendee.name, attendee.email, attendee.locale, attendee.timezone, obstacle(attendee)
    )
