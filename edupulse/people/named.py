"""What names a person keeps them: a bill without its debtor would tell nothing."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Column, func, select
from sqlalchemy.orm import Session

from edupulse.errors import Conflict
from edupulse.people.models import Person


def refuse_named(session: Session, person: Person) -> None:
    """Raise Conflict if a row of another table names the person, saying how many of which."""
    named: Counter[str] = Counter()
    for column in _columns_that_name_people():
        wanted = select(func.count()).select_from(column.table).where(column == person.id)
        named[column.table.name] += session.scalar(wanted) or 0
    if named.total():
        what = ", ".join(f"{count:,} × {name.replace('_', ' ')}" for name, count in named.items() if count)
        raise Conflict(
            f"{person.name} cannot be removed, because there are records of them: {what}.",
            cure="Say that they have left: they are kept, and not written to any more.",
            person_id=person.id,
        )


def _columns_that_name_people() -> list[Column[int]]:
    """Return every foreign key to a person, of whatever domain: those above are not known here by name."""
    return [
        column
        for table in Person.metadata.tables.values()
        for column in table.columns
        if any(key.references(Person.__table__) for key in column.foreign_keys)  # type: ignore[arg-type]
    ]
