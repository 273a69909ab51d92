"""What a call says about an event and its people: entered or changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from edupulse.api.schema import Body, Text
from edupulse.api.wall_times import WallTime
from edupulse.reminders import drafts
from edupulse.reminders.drafts import EventDraft
from edupulse.reminders.people import LONGEST_NAME, MOST_ATTENDEES, AttendeeDraft

Lead = Annotated[int, Field(ge=1, le=drafts.LONGEST_LEAD)]


class AttendeeWords(Body):
    """What may be said about a person of an event."""

    name: Text | None = Field(None, max_length=LONGEST_NAME)
    email: Text | None = Field(None, description="Without it the person is shown and not written to.")
    locale: Text | None = Field(
        None, description="The language of their mails; left out: the organisation's."
    )
    timezone: Text | None = Field(None, description="Theirs (IANA), where it is not the event's.")
    wants_mail: bool | None = None
    status: Literal["invited", "accepted", "tentative", "declined"] | None = None


class Position(Body):
    """Degrees in WGS 84. An empty object takes the position away."""

    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)


class EventWords(Body):
    """What may be said about an event. Times are on the clock of its zone, without an offset."""

    title: Text | None = Field(None, max_length=drafts.LONGEST_TITLE)
    starts: WallTime | None = None
    ends: WallTime | None = Field(
        None, description="Of an all-day event its last day. Left out: an hour later, or as long as it was."
    )
    description: Text | None = Field(None, max_length=drafts.LONGEST_DESCRIPTION)
    all_day: bool | None = None
    timezone: Text | None = Field(
        None, description="IANA, such as Europe/Berlin; left out: the organisation's."
    )
    location: Text | None = Field(None, max_length=drafts.LONGEST_LOCATION)
    position: Position | None = None
    rrule: Text | None = Field(
        None, max_length=500, description="RFC 5545, such as FREQ=WEEKLY;BYDAY=MO; empty: once."
    )
    leads: list[Lead] | None = Field(
        None,
        max_length=drafts.MOST_LEADS,
        description="Minutes before the start; empty: the organisation's.",
    )
    email_reminder: bool | None = None
    attendees: list[AttendeeWords] | None = Field(
        None,
        max_length=MOST_ATTENDEES,
        description="All of them: who is left out is taken off the list. Who stays, by address or else by name, "
        "keeps what is not said of them.",
    )


class NewEvent(EventWords):
    """An event that will take place."""

    title: Text = Field(max_length=drafts.LONGEST_TITLE)
    starts: WallTime


class EventChange(EventWords):
    """What is to be different. `revision` is the one you saw: it refuses the change if somebody was faster."""

    revision: int | None = Field(None, ge=0)


def draft_from(body: EventWords, before: EventDraft) -> EventDraft:
    """Return `before` with what the call says; an end that is not named moves with the start."""
    values = {name: value for name, value in body.said().items() if name in EventWords.model_fields}
    if "starts" in values and before.ends:
        values.setdefault("ends", values["starts"] + (before.ends - before.starts))
    if position := values.pop("position", None):
        values |= {"latitude": position.latitude, "longitude": position.longitude}
    if "attendees" in values:
        values["attendees"] = _people_from(values["attendees"], before.attendees)
    return replace(before, **values)


def _people_from(said: Sequence[AttendeeWords], before: Sequence[AttendeeDraft]) -> tuple[AttendeeDraft, ...]:
    known = {_called(each): each for each in before}
    return tuple(person_from(each, known.get(_called(each), AttendeeDraft())) for each in said)


def _called(person: AttendeeWords | AttendeeDraft) -> str:
    return (person.email or person.name or "").strip().lower()


def person_from(body: AttendeeWords, before: AttendeeDraft) -> AttendeeDraft:
    """Return `before` with what the call says about a person."""
    values: dict[str, Any] = body.said()
    return replace(before, **values)
