"""A person is entered, changed or removed: the row and its entry in the audit log in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, text
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.paging import LARGEST_NUMBER
from edupulse.people.entry import FIELDS, checked
from edupulse.people.models import Person
from edupulse.people.named import refuse_named
from edupulse.people.overtaken import refuse_overtaken
from edupulse.people.twins import refuse_twins
from edupulse.transaction import transaction

Fields = Mapping[str, str | bool]


def existing(person_id: int) -> Person:
    """Return the person; raises NotFound."""
    found = db.session.get(Person, person_id) if 0 < person_id <= LARGEST_NUMBER else None
    if found is None:
        raise _no_such_person(person_id)
    return found


def add(fields: Fields, *, actor: str) -> Person:
    """Store a new person from `fields`, of those in entry.FIELDS; `name` has to be among them.

    Raises Invalid naming the fields, and Conflict where the number is taken, or the same name with the same address.
    """
    values = checked({"name": "", **fields})
    moment = now()
    with transaction() as session:
        hold_people(session)
        refuse_twins(session, values)
        person = Person(created_at=moment, updated_at=moment, **values)
        session.add(person)
        session.flush()
        record(actor, "person.create", subject_of(person.id), name=person.name, after=_given(person))
    return person


def change(person_id: int, fields: Fields, *, actor: str, revision: int | None = None) -> Person:
    """Change the `fields` that are named and leave the others; what is so already changes nothing.

    `revision` is that of the person when somebody began to edit. Raises NotFound, Invalid naming the fields, and
    Conflict for somebody else's change since `revision`, or where the number or the name with the address is taken.
    """
    values = checked(fields)
    with transaction() as session:
        person = _held(session, person_id)
        if not any(getattr(person, name) != value for name, value in values.items()):
            return person
        refuse_overtaken(person, revision)
        known = {**facts_of(person), "comparable": person.comparable}
        refuse_twins(session, {**known, **values}, besides=person.id)
        store_change(session, person, values, actor)
    return person


def remove(person_id: int, *, actor: str, revision: int | None = None) -> None:
    """Delete a person whom nothing names. Raises NotFound, and Conflict saying what names them or who changed them."""
    with transaction() as session:
        person = _held(session, person_id)
        refuse_overtaken(person, revision)
        refuse_named(session, person)
        session.expunge(person)
        session.execute(delete(Person).where(Person.id == person_id))
        record(actor, "person.remove", subject_of(person_id), name=person.name, before=_given(person))


def store_change(session: Session, person: Person, values: Mapping[str, Any], actor: str) -> None:
    """Write checked `values` into a person who is held, number the change and put it on record."""
    before = facts_of(person)
    for name, value in values.items():
        setattr(person, name, value)
    person.updated_at = now()
    person.revision += 1
    session.flush()
    after = facts_of(person)
    names = [name for name in FIELDS if before[name] != after[name]]
    was, became = ({name: facts[name] for name in names} for facts in (before, after))
    record(actor, "person.change", subject_of(person.id), name=person.name, before=was, after=became)


def facts_of(person: Person) -> dict[str, Any]:
    """Return what people decide about a person, as it stands now."""
    return {name: getattr(person, name) for name in FIELDS}


def subject_of(person_id: int) -> str:
    """Return how the audit log calls the person."""
    return f"person:{person_id}"


def hold_people(session: Session) -> None:
    """Let nobody else add or change people until the transaction ends; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE person IN SHARE ROW EXCLUSIVE MODE"))


def _held(session: Session, person_id: int) -> Person:
    hold_people(session)
    wanted = person_id if person_id <= LARGEST_NUMBER else 0
    person = session.get(Person, wanted, with_for_update=True, populate_existing=True)
    if person is None:
        raise _no_such_person(person_id)
    return person


def _given(person: Person) -> dict[str, Any]:
    return {name: value for name, value in facts_of(person).items() if value not in (None, "", False)}


def _no_such_person(person_id: int) -> NotFound:
    return NotFound(f"There is no person {person_id}.", person_id=person_id)
