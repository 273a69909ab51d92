"""`/events/<id>/attendees`: who should know of an event; put on its list, changed, taken off."""

from __future__ import annotations

from typing import Any

from edupulse.api.event_facts import Attendee, facts_of_attendee
from edupulse.api.event_words import AttendeeWords, person_from
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Shown
from edupulse.reminders import attendees, events, monitor, people
from edupulse.reminders.events import AttendeeDraft

noun = Noun("attendees", __name__, url_prefix="/events/<int:event_id>/attendees")


class RemovedAttendee(Shown):
    """The number of the person who was taken off the list."""

    removed: int


@noun.get("/", gives=ListOf[Attendee])
def list_attendees(event_id: int) -> dict[str, Any]:
    """List the people of the event."""
    return {"items": [facts_of_attendee(each) for each in monitor.event(event_id).attendees]}


@noun.post("/", body=AttendeeWords, gives=Attendee, status=201)
def add(event_id: int, body: AttendeeWords) -> dict[str, Any]:
    """Put somebody on the list; their reminders are planned."""
    return facts_of_attendee(events.add_attendee(event_id, person_from(body, AttendeeDraft()), actor()))


@noun.get("/<int:attendee_id>/", gives=Attendee)
def show(event_id: int, attendee_id: int) -> dict[str, Any]:
    """Show one person of the event."""
    return facts_of_attendee(attendees.of_event(monitor.event(event_id), attendee_id))


@noun.patch("/<int:attendee_id>/", body=AttendeeWords, gives=Attendee)
def change(event_id: int, attendee_id: int, body: AttendeeWords) -> dict[str, Any]:
    """Change what is named; an empty time zone or address takes it away."""
    event = monitor.event(event_id)
    seen, before = event.revision, people.draft_of(attendees.of_event(event, attendee_id))
    draft = person_from(body, before)
    return facts_of_attendee(events.change_attendee(event_id, attendee_id, draft, actor(), revision=seen))


@noun.delete("/<int:attendee_id>/", gives=RemovedAttendee)
def remove(event_id: int, attendee_id: int) -> dict[str, int]:
    """Take somebody off the list; what was planned for them is not sent."""
    events.remove_attendee(event_id, attendee_id, actor())
    return {"removed": attendee_id}
