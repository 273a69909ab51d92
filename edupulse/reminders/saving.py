"""An event is entered, changed, cancelled or restored: row, people and reminders in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict, NotFound
from edupulse.reminders.difference import beginning, difference, facts_of
from edupulse.reminders.drafts import EventDraft
from edupulse.reminders.entry import apply, entered, new_event
from edupulse.reminders.models import Event
from edupulse.reminders.plan import series_of
from edupulse.reminders.planner import HOLD, replan
from edupulse.reminders.recurrence import validate_series
from edupulse.reminders.rows import hold
from edupulse.reminders.snapshot import Snapshot, snapshot
from edupulse.transaction import transaction


def create_event(
    draft: EventDraft,
    actor: str,
    owner_id: int | None = None,
    *,
    uid: str = "",
    organizer: str = "",
    sequence: int = 0,
) -> Event:
    """Store a new event with its people and plan its reminders; what is due already is sent at once.

    `uid`, `organizer` and `sequence` are those of an imported invitation. Raises Invalid naming the fields.
    """
    complete, moment = entered(draft), now()
    with transaction() as session:
        event = new_event(complete, moment, owner_id, uid)
        event.organizer, event.sequence = organizer, sequence
        validate_series(series_of(event))
        store(session, event, moment)
        record(actor, "event.create", f"event:{event.id}", title=event.title, after=beginning(event))
    return event


def change_event(
    event_id: int, draft: EventDraft, actor: str, *, sequence: int = 0, revision: int | None = None
) -> Event:
    """Store what was changed; who was told something else is told anew, for a new title or text nobody is.

    `sequence` is that of an imported invitation, `revision` that of the event when the person began to edit.
    Raises NotFound, Invalid naming the fields, Conflict for somebody else's saving since `revision`.
    """
    complete = entered(draft)
    with changing(event_id, actor, "event.change", sequence, revision) as event:
        apply(event, complete, now())
    return event


def cancel_event(event_id: int, actor: str) -> Event:
    """Cancel the event as a whole; who was reminded of what is to come is told. Raises NotFound, Conflict."""
    with changing(event_id, actor, "event.cancel") as event:
        if event.is_cancelled:
            raise Conflict("The event is cancelled already.", event_id=event_id)
        event.state = "cancelled"
    return event


def restore_event(event_id: int, actor: str) -> Event:
    """Let a cancelled event take place after all and tell who was told otherwise. Raises NotFound, Conflict."""
    with changing(event_id, actor, "event.restore") as event:
        if not event.is_cancelled:
            raise Conflict("The event is not cancelled.", event_id=event_id)
        event.state = "confirmed"
    return event


@contextmanager
def changing(
    event_id: int, actor: str, action: str, sequence: int = 0, revision: int | None = None
) -> Iterator[Event]:
    """Give the event to the block, alone; then number the change, plan anew and write it into the audit log.

    `sequence` is the least that the change shall count as, `revision` that of the event when it was made up.
    Raises NotFound, Conflict for somebody else's since `revision`, and Invalid for a series that cannot take place.
    """
    moment = now()
    with transaction() as session:
        event = locked(session, event_id)
        refuse_overtaken(event, revision)
        before, title, was = snapshot(event), event.title, facts_of(event)
        yield event
        validate_series(series_of(event))
        number(event, before, moment)
        event.sequence = max(event.sequence, sequence)
        session.flush()
        replan(session, event, before, moment)
        changed, differs = _changed(event, before, title), difference(was, facts_of(event))
        record(actor, action, f"event:{event.id}", title=event.title, changed=changed, **differs)


def locked(session: Session, event_id: int) -> Event:
    """Return the event, held against changes and checks until the transaction ends; raises NotFound."""
    event = session.get(Event, event_id, with_for_update=HOLD, populate_existing=True)
    if event is None:
        raise NotFound(f"There is no event {event_id}.", event_id=event_id)
    hold(session, event_id)
    return event


def store(session: Session, event: Event, moment: datetime) -> None:
    """Write a new event and plan it."""
    session.add(event)
    session.flush()
    replan(session, event, snapshot(event), moment)


def number(event: Event, before: Snapshot, moment: datetime) -> None:
    """Count the change: SEQUENCE grows when time, place or state have changed (RFC 5545 section 3.8.7.4)."""
    was, is_now = before.facts, snapshot(event).facts
    event.revision += 1
    event.updated_at = moment
    if (was.series, was.place, was.stands) != (is_now.series, is_now.place, is_now.stands):
        event.sequence += 1


def refuse_overtaken(event: Event, revision: int | None) -> None:
    """Raise Conflict if the event was changed since it had `revision`."""
    if revision is not None and revision != event.revision:
        raise Conflict(
            "Somebody else changed this event while you did.",
            cure="Look at it again, then save again to let yours stand.",
            event_id=event.id,
            revision=event.revision,
        )


def _changed(event: Event, before: Snapshot, title: str) -> list[str]:
    """Return the names of what changed, for the audit log."""
    was, is_now = before.facts, snapshot(event).facts
    changed = {
        "title": title != event.title,
        "time": was.series != is_now.series,
        "place": was.place != is_now.place,
        "leads": was.leads != is_now.leads,
        "email_reminder": was.reminds != is_now.reminds,
        "attendees": before.people != snapshot(event).people,
    }
    return [name for name, is_changed in changed.items() if is_changed]
