"""One occurrence of a series is moved, cancelled or restored, or from it on the series goes on differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.errors import Conflict, Invalid
from edupulse.reminders.difference import difference, facts_of
from edupulse.reminders.drafts import FIRST_YEAR, LAST_YEAR, EventDraft, checked_location, checked_times
from edupulse.reminders.entry import (
    draft_of,
    entered,
    hours_between,
    keep_exceptions,
    name_exceptions,
    new_event,
)
from edupulse.reminders.models import Event, Reminder
from edupulse.reminders.plan import override_of, place_of, series_of
from edupulse.reminders.planner import replan
from edupulse.reminders.recurrence import Series
from edupulse.reminders.rrule_dates import local_times
from edupulse.reminders.saving import changing, locked, number, refuse_overtaken
from edupulse.reminders.snapshot import Snapshot, snapshot
from edupulse.reminders.split import split_series
from edupulse.transaction import transaction


def change_occurrence(
    event_id: int,
    original: str,
    actor: str,
    *,
    starts: datetime | None = None,
    ends: datetime | None = None,
    location: str | None = None,
) -> Event:
    """Move one occurrence or give it another place; what is none stays as it is.

    `original` is its local ISO start by the rule. Times are naive, on the clock of the event's zone; of an
    all-day event the dates count, the last day included. Raises NotFound, Conflict, Invalid naming the field.
    """
    with changing(event_id, actor, "occurrence.change") as event:
        at = _member(event, original)
        kept = dict(event.overrides.get(at.isoformat(), {}))
        if starts or ends:
            kept |= _times(event, at, starts, ends)
        if location is not None:
            own_place = checked_location(location)
            kept["location"] = None if own_place == place_of(event) else own_place
        _keep(event, at, kept)
    return event


def cancel_occurrence(event_id: int, original: str, actor: str) -> Event:
    """Cancel one occurrence; who was reminded of it is told. Raises NotFound, Conflict, Invalid."""
    with changing(event_id, actor, "occurrence.cancel") as event:
        at = _member(event, original)
        _keep(event, at, {**event.overrides.get(at.isoformat(), {}), "cancelled": True})
    return event


def restore_occurrence(event_id: int, original: str, actor: str) -> Event:
    """Let a cancelled or excluded occurrence take place after all. Raises NotFound, Conflict, Invalid."""
    with changing(event_id, actor, "occurrence.restore") as event:
        name = _parsed(original).isoformat()
        event.exdates = [each for each in event.exdates if each != name]
        at = _member(event, original)
        _keep(event, at, {**event.overrides.get(name, {}), "cancelled": False})
    return event


def following_draft(event: Event, original: str) -> EventDraft:
    """Return the draft of "this and all following" from one occurrence on, to fill a form with."""
    _, rest = split_series(series_of(event), _parsed(original))
    ends = rest.ends - timedelta(days=1) if event.all_day else rest.ends
    return replace(draft_of(event), starts=rest.starts, ends=ends, rrule=rest.rrule)


def change_following(
    event_id: int, original: str, draft: EventDraft, actor: str, *, revision: int | None = None
) -> Event:
    """End the series before an occurrence and go on from it as `draft` says, as a new event; return that one.

    Who was told of what now belongs to the new event is told where it differs. Raises NotFound, Invalid, and
    Conflict for somebody else's saving since `revision`.
    """
    complete, moment = entered(draft), now()
    with transaction() as session:
        event = locked(session, event_id)
        refuse_overtaken(event, revision)
        before, was = snapshot(event), facts_of(event)
        first, rest = split_series(before.facts.series, _parsed(original))
        new = _continued(event, complete, rest, moment)
        session.add(new)
        _shorten(event, first)
        number(event, before, moment)
        session.flush()
        _move_reminders(session, event, new, rest.starts)
        replan(session, event, before, moment)
        replan(session, new, _as_it_was(before, rest), moment)
        differs = difference(was, facts_of(event))
        record(actor, "event.split", f"event:{event.id}", title=event.title, following=new.id, **differs)
    return new


def _continued(event: Event, complete: EventDraft, rest: Series, moment: datetime) -> Event:
    """Return the new event; exceptions that the draft does not name go along."""
    new, since = new_event(complete, moment, event.owner_id), rest.starts.isoformat()
    new.exdates = [each.isoformat() for each in rest.exdates]
    new.rdates = [each.isoformat() for each in rest.rdates]
    new.overrides = {name: dict(kept) for name, kept in event.overrides.items() if name >= since}
    keep_exceptions(new, hours_between(rest.starts, complete.starts))
    name_exceptions(new, complete)
    return new


def _shorten(event: Event, first: Series) -> None:
    event.rrule = first.rrule
    event.exdates = [each.isoformat() for each in first.exdates]
    event.rdates = [each.isoformat() for each in first.rdates]
    names = {each.isoformat() for each in first.overrides}
    event.overrides = {name: kept for name, kept in event.overrides.items() if name in names}


def _move_reminders(session: Session, event: Event, new: Event, since: datetime) -> None:
    """Let the reminders of what now belongs to the new event go with it, so that it knows who was told."""
    later = update(Reminder).where(Reminder.event_id == event.id, Reminder.original >= since.isoformat())
    session.execute(later.values(event_id=new.id, attendee_id=None))


def _as_it_was(before: Snapshot, rest: Series) -> Snapshot:
    return replace(before, facts=replace(before.facts, series=rest))


def _member(event: Event, original: str) -> datetime:
    """Return the occurrence that is meant; raise Conflict or Invalid where there is none."""
    if not event.is_series:
        raise Conflict("The event takes place once.", cure="Change the event itself.", event_id=event.id)
    at, series = _parsed(original), series_of(event)
    by_rule = local_times(series.rrule, series.starts, at, at) if series.rrule else iter([series.starts])
    if at in series.exdates or not (at in series.rdates or at in by_rule):
        cure = "Look at the list of its dates."
        raise Invalid(f"The event has no occurrence at {original[:40]}.", cure=cure, field="original")
    return at


def _parsed(original: str) -> datetime:
    try:
        at = datetime.fromisoformat(original)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or not FIRST_YEAR <= at.year <= LAST_YEAR:
        cure = "Write the local start by the rule, such as 2026-03-02T10:00:00."
        raise Invalid(f"“{original[:40]}” names no occurrence.", cure=cure, field="original")
    return at


def _times(event: Event, at: datetime, starts: datetime | None, ends: datetime | None) -> dict[str, str]:
    """Return start and end of a moved occurrence as they are kept; what is none follows from the other."""
    was = override_of(event.overrides.get(at.isoformat(), {}))
    begin = starts or was.starts or at
    length = event.ends_local - event.starts_local
    if ends is None:
        ends = begin + length - (timedelta(days=1) if event.all_day else timedelta(0))
    begin, finish = checked_times(begin, ends, all_day=event.all_day)
    return {"starts": begin.isoformat(), "ends": finish.isoformat()}


def _keep(event: Event, at: datetime, kept: Mapping[str, Any]) -> None:
    event.overrides = {**event.overrides, at.isoformat(): dict(kept)}
