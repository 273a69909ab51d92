"""The reminders that exist meet those that are wanted: which rows change and which are new is decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from edupulse.reminders.corrections import Change, Notice, beliefs
from edupulse.reminders.plan import Planned, deadline
from edupulse.reminders.rows import WITHDRAWN, Key, Line
from edupulse.reminders.snapshot import Person, Snapshot

RECENTLY = timedelta(minutes=10)  # a mail that says the same this shortly before a reminder replaces it


@dataclass(frozen=True)
class Told:
    """What people know already, or are about to be told by a correction."""

    now: frozenset[tuple[datetime, str]]  # start and address: no reminder is needed beside the correction
    instances: dict[tuple[str, str], str]  # occurrence and address -> the name of it in the person's calendar


@dataclass(frozen=True)
class Wish:
    """A reminder that one person should have."""

    planned: Planned
    person: Person


def wishes(after: Snapshot, planned: Sequence[Planned]) -> dict[Key, Wish]:
    """Return what is wanted: each planned reminder for each person who may be reminded."""
    willing = {address: person for address, person in after.people.items() if person.obstacle is None}
    return {
        (each.starts_at, address, each.lead_minutes): Wish(each, person)
        for each in planned
        for address, person in willing.items()
    }


def told_already(lines: Sequence[Line], notices: Iterable[Notice], change: Change) -> Told:
    """Return what people were told or are being told, by the names that the occurrences have now."""
    fresh = {(each.truth.starts_at, each.address) for each in notices if each.truth}
    waiting = (line for line in lines if line.is_planned and line.kind == "correction")
    soon = {(line.starts_at, line.address) for line in waiting if change.expects(line)}
    known = beliefs(lines, change).items()
    names = {(change.name_of(original), address): belief.instance for (original, address), belief in known}
    return Told(frozenset(fresh | soon), names)


def updates(
    lines: Iterable[Line], wanted: dict[Key, Wish], change: Change, *, told: Told, now: datetime
) -> list[dict[str, Any]]:
    """Return what changes in the rows of `lines`, by id; a row that is right already is left out."""
    found = ((line.id, _changed(line, wanted, change, told=told, now=now)) for line in lines)
    return [{"id": id, **values} for id, values in found if values]


def inserts(
    lines: Iterable[Line], wanted: dict[Key, Wish], *, told: Told, now: datetime
) -> list[dict[str, Any]]:
    """Return the rows that are wanted and do not exist."""
    existing = {line.key for line in lines if line.kind == "reminder"}
    return [
        {
            "kind": "reminder",
            "attendee_id": wish.person.attendee_id,
            "address": address,
            "starts_at": starts_at,
            "lead_minutes": lead,
            **_wished(wish, address, told=told, now=now),
        }
        for (starts_at, address, lead), wish in wanted.items()
        if (starts_at, address, lead) not in existing
    ]


def _changed(
    line: Line, wanted: dict[Key, Wish], change: Change, *, told: Told, now: datetime
) -> dict[str, Any]:
    wish = wanted.get(line.key) if line.kind == "reminder" else None
    if wish and (line.is_planned or line.was_undone):
        values = _wished(wish, line.address, told=told, now=now)
        if line.was_undone:
            return values | {"replaced": line.replaced + 1, "delivery_id": None, "claimed_at": None}
        return values if _differs(line, values) else {}
    renamed = _renamed(line, change) | _outdated(line, change)
    if line.state == WITHDRAWN or (line.is_planned and _is_wrong(line, change, now)):
        return renamed | {"state": "cancelled", "reason": _why_not(line, change)}
    return renamed


def _is_wrong(line: Line, change: Change, now: datetime) -> bool:
    """Say whether a planned row must not be sent; one that is too late already is left to be missed."""
    if line.kind != "reminder":
        return not change.expects(line)
    series = change.after.facts.series
    return deadline(line.starts_at, series.timezone, series.all_day) > now


def _differs(line: Line, values: dict[str, Any]) -> bool:
    return any(
        getattr(line, name) != values[name] for name in ("original", "instance", "ends_at", "due_at", "state")
    )


def _renamed(line: Line, change: Change) -> dict[str, Any]:
    """Follow the occurrence when its name has changed, so that the next change finds who was told of it."""
    name = change.name_of(line.original)
    return {"original": name} if name != line.original else {}


def _outdated(line: Line, change: Change) -> dict[str, Any]:
    """Note beside what was told that it is true no more, or is so again."""
    if line.state != "handed_over":
        return {}
    reason = None if change.expects(line) else _why_not(line, change)
    return {"reason": reason} if reason != line.reason else {}


def _why_not(line: Line, change: Change) -> str:
    after, truth = change.after, change.truth(line.original)
    if line.kind not in ("reminder", "manual"):
        return "replaced"
    if not after.facts.stands:
        return "event_cancelled"
    if not after.facts.reminds:
        return "reminder_off"
    if line.address not in after.people:
        return "removed"
    if obstacle := after.people[line.address].obstacle:
        return obstacle
    if truth is None:
        return "date_cancelled"
    return "lead_removed" if line.is_planned and truth.starts_at == line.starts_at else "moved"


def _wished(wish: Wish, address: str, *, told: Told, now: datetime) -> dict[str, Any]:
    """Return what a row says that fulfils `wish`."""
    planned = wish.planned
    is_told = (planned.starts_at, address) in told.now and planned.due_at <= now + RECENTLY
    return {
        "original": planned.original,
        "instance": told.instances.get((planned.original, address), planned.original),
        "ends_at": planned.ends_at,
        "due_at": planned.due_at,
        "state": "skipped" if is_told else "planned",
        "reason": "told" if is_told else None,
    }
