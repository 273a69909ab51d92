"""People are looked for: a page of them by any part of what is known, or the one whom a word names."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import comparable
from edupulse.paging import PAGE_SIZE, Order, Page, page_of
from edupulse.people.models import Person

MOST_WORDS = 10  # of a search
STATES = ("", "active", "left")  # empty: everybody


def people(search: str = "", state: str = "", cursor: str = "", size: int = PAGE_SIZE) -> Page[Person]:
    """Return a page of people, newest first; each word of `search` is a part of name, address, number or telephone.

    Raises Invalid for a state that is none and for a bad cursor.
    """
    if state not in STATES:
        raise Invalid(f"“{state[:40]}” is no state of people.", cure="Choose active or left.", field="state")
    wanted = select(Person)
    if state:
        wanted = wanted.where(Person.active.is_(state == "active"))
    words = search.replace("\0", "").split()[:MOST_WORDS]
    wanted = wanted.where(*(_matches(word) for word in words))
    return page_of(wanted, Order(Person.created_at, Person.id), cursor=cursor, size=size)


def find(text: str) -> Person | None:
    """Return whom `text` names: by their number, else by an address or a name that only one person has.

    Who has left is found too. None where nobody, or more than one, is meant.
    """
    word = " ".join(text.replace("\0", "").split())
    if not word:
        return None
    by_number = db.session.scalar(select(Person).where(Person.external_id == word))
    return by_number or _only(Person.comparable == comparable(word)) or _only(Person.name == word)


def counts() -> dict[str, int]:
    """Return how many people there are by state, active and left."""
    wanted = select(Person.active, func.count().label("people")).group_by(Person.active)
    found = {row.active: row.people for row in db.session.execute(wanted)}
    return {"active": found.get(True, 0), "left": found.get(False, 0)}


def _only(condition: ColumnElement[bool]) -> Person | None:
    found = list(db.session.scalars(select(Person).where(condition).limit(2)))
    return found[0] if len(found) == 1 else None


def _matches(word: str) -> ColumnElement[bool]:
    columns: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
        Person.name,
        Person.email,
        Person.external_id,
    )
    conditions = [column.icontains(word, autoescape=True) for column in columns]
    without_gaps = func.replace(Person.phone, " ", "")  # telephone numbers are grouped as everybody likes
    conditions.append(without_gaps.icontains(word, autoescape=True))
    return or_(*conditions)
