"""What a change made different, for the audit log: the fields that differ, as they were and as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edupulse.reminders.entry import draft_of
from edupulse.reminders.models import Event
from edupulse.reminders.people import AttendeeDraft

Facts = Mapping[str, Any]


def facts_of(event: Event) -> dict[str, Any]:
    """Return what people decide about an event, as it stands now."""
    draft = draft_of(event)
    facts = {name: getattr(draft, name) for name in _ENTERED}
    return facts | {name: getattr(event, name) for name in ("state", "exdates", "rdates", "overrides")}


def difference(before: Facts, after: Facts) -> dict[str, dict[str, Any]]:
    """Return `before` and `after` with the fields that differ; of the people only those who do."""
    names = [name for name, value in after.items() if value != before[name]]
    return {
        "before": {name: _without(before, after, name) for name in names},
        "after": {name: _without(after, before, name) for name in names},
    }


def beginning(event: Event) -> dict[str, Any]:
    """Return what a new event was given, without what was left empty."""
    facts = facts_of(event)
    given = {name: value for name, value in facts.items() if value not in (None, "", False, [], {}, ())}
    return given | ({"attendees": _people(facts["attendees"], ())} if facts["attendees"] else {})


_ENTERED = (
    "title", "starts", "ends", "description", "all_day", "timezone", "location", "latitude", "longitude",
    "rrule", "leads", "email_reminder", "attendees",
)  # fmt: skip


def _without(one: Facts, other: Facts, name: str) -> Any:
    return _people(one[name], other[name]) if name == "attendees" else one[name]


def _people(here: Sequence[AttendeeDraft], there: Sequence[AttendeeDraft]) -> list[dict[str, Any]]:
    known = frozenset(there)
    return [asdict(each) for each in here if each not in known]
