"""Two who change a person at once notice each other: the second is told who changed what meanwhile."""

from __future__ import annotations

from edupulse.accounts.audit import entries_of
from edupulse.config import current_settings
from edupulse.errors import Conflict
from edupulse.people.models import Person
from edupulse.walltime import to_local


def refuse_overtaken(person: Person, revision: int | None) -> None:
    """Raise Conflict if the person was changed since they had `revision`; None asks for no such care."""
    if revision is None or revision == person.revision:
        return
    last = next((each for each in entries_of(f"person:{person.id}") if each.action == "person.change"), None)
    who, at = (last.actor, last.at) if last else ("Somebody else", person.updated_at)
    changed = ", ".join(last.detail.get("after", {})) if last else ""
    zone = current_settings().timezone
    raise Conflict(
        f"{who} changed {changed or 'this person'} on {to_local(at, zone):%Y-%m-%d at %H:%M} ({zone}), "
        "after you opened it.",
        cure="Look at the person again, then enter your changes there.",
        person_id=person.id,
        changed_by=who,
        changed_at=at,
        revision=person.revision,
    )
