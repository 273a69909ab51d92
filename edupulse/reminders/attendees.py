"""One person is put on the list of an event, changed there or taken off; reminders follow in the same transaction."""

from __future__ import annotations

from edupulse.config import current_settings
from edupulse.errors import Conflict, NotFound
from edupulse.reminders.models import Attendee, Event
from edupulse.reminders.people import MOST_ATTENDEES, AttendeeDraft, apply_person, checked_people
from edupulse.reminders.saving import changing


def add_attendee(event_id: int, draft: AttendeeDraft, actor: str) -> Attendee:
    """Put a person on the list. Raises NotFound, Invalid, Conflict for an address that is on it or a full list."""
    person = _checked(draft)
    with changing(event_id, actor, "attendee.add") as event:
        if len(event.attendees) >= MOST_ATTENDEES:
            cure = "Write to more people with a campaign."
            raise Conflict(f"The event has {MOST_ATTENDEES} attendees.", cure=cure, event_id=event_id)
        _refuse_known(event, person)
        attendee = apply_person(Attendee(), person)
        event.attendees.append(attendee)
    return attendee


def change_attendee(
    event_id: int, attendee_id: int, draft: AttendeeDraft, actor: str, *, revision: int | None = None
) -> Attendee:
    """Store what is different about a person of the list.

    Raises NotFound, Invalid, and Conflict for somebody else's saving since the event had `revision`.
    """
    person = _checked(draft)
    with changing(event_id, actor, "attendee.change", revision=revision) as event:
        attendee = of_event(event, attendee_id)
        _refuse_known(event, person, but=attendee_id)
        apply_person(attendee, person)
    return attendee


def remove_attendee(event_id: int, attendee_id: int, actor: str) -> None:
    """Take a person off the list; what was planned for them is not sent. Raises NotFound."""
    with changing(event_id, actor, "attendee.remove") as event:
        event.attendees.remove(of_event(event, attendee_id))


def of_event(event: Event, attendee_id: int) -> Attendee:
    """Return a person of the list of `event`; raises NotFound."""
    found = next((each for each in event.attendees if each.id == attendee_id), None)
    if found is None:
        raise NotFound(
            f"The event has no attendee {attendee_id}.", cure="See the list of its people.", event_id=event.id
        )
    return found


def _checked(draft: AttendeeDraft) -> AttendeeDraft:
    (person,) = checked_people([draft], current_settings().locale)
    return person


def _refuse_known(event: Event, person: AttendeeDraft, *, but: int | None = None) -> None:
    """Refuse a second line of one person; of people without an address nobody can tell."""
    for each in event.attendees:
        if person.address and each.address == person.address and each.id != but:
            raise Conflict(
                f"{person.email} is on the list already.",
                cure="Change that person instead.",
                field="email",
                attendee_id=each.id,
            )
