"""`/events`: what people plan; entered, changed, called off, restored, reminded of, and explained."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from edupulse.accounts.users import find_user
from edupulse.api.answers import facts_of, page_of
from edupulse.api.event_facts import Event, EventBrief, brief, facts_of_event
from edupulse.api.event_words import EventChange, NewEvent, draft_from
from edupulse.api.gate import actor
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, ListOf, Paged, PageOf, Query, Shown, Text
from edupulse.clock import now
from edupulse.reminders import events, monitor
from edupulse.reminders.answer import Answer
from edupulse.reminders.events import EventDraft
from edupulse.reminders.monitor import EventFilter
from edupulse.reminders.send import send_now
from edupulse.reminders.timeline import timeline
from edupulse.reminders.why import why

noun = Noun("events", __name__, url_prefix="/events")


class WhichEvents(Paged):
    """Which events to list."""

    when: Literal["upcoming", "past", "cancelled"] = "upcoming"
    search: Text = Field("", description="A part of title, place or description.")


class Who(Query):
    """Who is asked about."""

    address: Text = Field(min_length=1, description="The address, or the name of somebody who has none here.")


class Reminding(Body):
    """Whether also those get it who got it by hand already."""

    again: bool | None = None


class ReminderMail(Shown):
    """A mail of a reminder that was sent by hand, and what has become of it so far."""

    id: int
    address: str
    state: str
    reason: str | None
    sent_at: datetime | None


class ReminderEntry(Shown):
    """One mail that was or will be sent about an event, or one person who gets none; `words` say why."""

    kind: str
    state: str
    name: str
    address: str
    words: str
    original: str
    starts_at: datetime | None
    ends_at: datetime | None
    lead_minutes: int
    due_at: datetime | None
    reminder_id: int | None
    delivery_id: int | None
    delivery_state: str | None
    sent_at: datetime | None
    lateness_seconds: float | None
    server_said: str
    attempts: int


class Why(Shown):
    """Why somebody got, gets or does not get a reminder: a code, a sentence, what to do, and the facts behind it."""

    reason: str
    sentence: str
    cure: str
    facts: dict[str, Any]


@noun.get("/", query=WhichEvents, gives=PageOf[EventBrief])
def list_events(query: WhichEvents) -> dict[str, Any]:
    """List them: what comes up with the soonest first, else the latest first."""
    filters = EventFilter(query.when, query.search.strip())
    return page_of(monitor.events(filters, now(), **query.page()), brief)


@noun.post("/", body=NewEvent, gives=Event, status=201)
def add(body: NewEvent) -> dict[str, Any]:
    """Enter an event; its reminders are planned, and what is due already is sent at once."""
    draft = draft_from(body, EventDraft(title=body.title, starts=body.starts))
    return facts_of_event(events.create_event(draft, actor(), find_user(actor()).id))


@noun.get("/<int:event_id>/", gives=Event)
def show(event_id: int) -> dict[str, Any]:
    """Show one event with its people, its next dates and those that were left out."""
    return facts_of_event(monitor.event(event_id))


@noun.patch("/<int:event_id>/", body=EventChange, gives=Event)
def change(event_id: int, body: EventChange) -> dict[str, Any]:
    """Change what is named; whoever was told something that no longer holds gets a correction."""
    event = monitor.event(event_id)
    seen = event.revision if body.revision is None else body.revision
    draft = draft_from(body, events.draft_of(event))
    return facts_of_event(events.change_event(event_id, draft, actor(), revision=seen))


@noun.post("/<int:event_id>/cancel/", gives=Event)
def cancel(event_id: int) -> dict[str, Any]:
    """Call it off; whoever was reminded already is told so."""
    return facts_of_event(events.cancel_event(event_id, actor()))


@noun.post("/<int:event_id>/restore/", gives=Event)
def restore(event_id: int) -> dict[str, Any]:
    """Let a cancelled event take place after all."""
    return facts_of_event(events.restore_event(event_id, actor()))


@noun.post("/<int:event_id>/remind/", body=Reminding, gives=ListOf[ReminderMail], status=202)
def remind(event_id: int, body: Reminding) -> dict[str, Any]:
    """Send the reminder of the next date to everybody now; who got it by hand already is listed, not written to."""
    deliveries = send_now(event_id, actor(), again=bool(body.again))
    return {"items": [facts_of(each, ReminderMail) for each in deliveries]}


@noun.get("/<int:event_id>/timeline/", gives=ListOf[ReminderEntry])
def story(event_id: int) -> dict[str, Any]:
    """List what was planned, sent or left out, for whom, when and why; the latest 2,000 of a long series."""
    return {"items": [facts_of(each, ReminderEntry) for each in timeline(event_id)]}


@noun.get("/<int:event_id>/why/", query=Who, gives=Why)
def explain(event_id: int, query: Who) -> Answer:
    """Say why somebody gets, got or does not get a reminder."""
    return why(event_id, query.address, now())
