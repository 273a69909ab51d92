"""`/events/<id>/dates`: dates of a series; moved, left out, put back, or where it begins to go on differently."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from edupulse.api.event_facts import Event, EventDate, facts_of_date, facts_of_event
from edupulse.api.event_words import EventWords, draft_from
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Query, Shown, Text
from edupulse.api.wall_times import WallTime
from edupulse.clock import now
from edupulse.reminders import events, monitor
from edupulse.reminders.drafts import LONGEST_LOCATION
from edupulse.reminders.monitor import MOST_LOOKED_AT

noun = Noun("occurrences", __name__, url_prefix="/events/<int:event_id>/dates")


class HowMany(Query):
    """How many dates."""

    limit: int = Field(20, ge=1, le=MOST_LOOKED_AT)


class EventDates(Shown):
    """The next dates of an event, and those to come that were left out, by their start by the rule."""

    items: list[EventDate]
    left_out: list[WallTime]


class DateChange(Body):
    """What is to be different for one date. Times are on the clock of the event's zone, without an offset."""

    starts: WallTime | None = None
    ends: WallTime | None = Field(None, description="Of an all-day event its last day.")
    location: Text | None = Field(None, max_length=LONGEST_LOCATION)


@noun.get("/", query=HowMany, gives=EventDates)
def list_dates(event_id: int, query: HowMany) -> dict[str, Any]:
    """List the next dates and those that were left out."""
    event, moment = monitor.event(event_id), now()
    coming = monitor.coming_occurrences(event, moment, query.limit)
    return {"items": [facts_of_date(each) for each in coming], "left_out": monitor.left_out(event, moment)}


@noun.get("/<original>/", gives=EventDate)
def show(event_id: int, original: str) -> dict[str, Any]:
    """Show one date to come; `original` is its start by the rule, such as 2026-03-16T10:00:00."""
    return facts_of_date(monitor.coming_occurrence(monitor.event(event_id), original, now()))


@noun.patch("/<original>/", body=DateChange, gives=Event)
def change(event_id: int, original: str, body: DateChange) -> dict[str, Any]:
    """Move one date, or give it another place; whoever was told something else gets a correction."""
    return facts_of_event(events.change_occurrence(event_id, original, actor(), **body.said()))


@noun.post("/<original>/cancel/", gives=Event)
def cancel(event_id: int, original: str) -> dict[str, Any]:
    """Leave one date out; whoever was reminded of it already is told so."""
    return facts_of_event(events.cancel_occurrence(event_id, original, actor()))


@noun.post("/<original>/restore/", gives=Event)
def restore(event_id: int, original: str) -> dict[str, Any]:
    """Put a date back that was left out."""
    return facts_of_event(events.restore_occurrence(event_id, original, actor()))


@noun.post("/<original>/following/", body=EventWords, gives=Event, status=201)
def change_following(event_id: int, original: str, body: EventWords) -> dict[str, Any]:
    """Let the series go on differently from this date on, as a new event, which is the answer."""
    event = monitor.event(event_id)
    seen, draft = event.revision, draft_from(body, events.following_draft(event, original))
    return facts_of_event(events.change_following(event_id, original, draft, actor(), revision=seen))
