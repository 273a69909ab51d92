"""`/people`: who is known, entered and changed; `/people/<address>`: everything that was ever sent to one address."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from edupulse.api.answers import facts_of, page_of
from edupulse.api.gate import actor
from edupulse.api.message_facts import reads_letters
from edupulse.api.noun import Noun
from edupulse.api.person_facts import KnownPerson, Person, PersonLetter
from edupulse.api.schema import Body, Paged, PageOf, Query, Shown, Text
from edupulse.mail.timeline import timeline
from edupulse.mailboxes.letters import letters_of
from edupulse.mailboxes.models import InboundMessage
from edupulse.people import listing, rows
from edupulse.people.entry import LONGEST

noun = Noun("people", __name__, url_prefix="/people")

REVISION = "That of the person when it was read; somebody else's change since then refuses this one."


class WhichPeople(Paged):
    """`search` is a part of name, address, number or telephone; `state` narrows the list."""

    search: Text = ""
    state: Literal["", "active", "left"] = Field("", description="Only who belongs to us, or who has left.")


class PersonWords(Body):
    """What may be said of a person; an empty text takes away what was there."""

    name: Text | None = Field(None, max_length=LONGEST["name"])
    email: Text | None = Field(None, description="Without it nobody is written to. A family may share one.")
    phone: Text | None = Field(None, max_length=LONGEST["phone"])
    locale: Literal["", "en", "zh"] | None = Field(
        None, description="Of their mails; empty: the organisation's."
    )
    external_id: Text | None = Field(
        None, max_length=LONGEST["external_id"], description="Their number in the program they come from."
    )
    note: Text | None = Field(None, max_length=LONGEST["note"])
    active: bool | None = Field(None, description="Who has left is kept, and not written to.")


class NewKnownPerson(PersonWords):
    """A person; `name` has to be said."""

    name: Text = Field(max_length=LONGEST["name"])


class PersonChange(PersonWords):
    """What is to be changed; what is not named stays."""

    revision: int | None = Field(None, ge=0, description=REVISION)


class SeenPerson(Query):
    """How the person was when it was read."""

    revision: int | None = Field(None, ge=0, description=REVISION)


class RemovedPerson(Shown):
    """The id that was removed."""

    removed: int


@noun.get("/", query=WhichPeople, gives=PageOf[KnownPerson])
def list_people(query: WhichPeople) -> dict[str, Any]:
    """List people, newest first."""
    return page_of(listing.people(query.search, query.state, **query.page()), KnownPerson)


@noun.post("/", body=NewKnownPerson, gives=KnownPerson, status=201)
def add(body: NewKnownPerson) -> dict[str, Any]:
    """Enter a person."""
    return facts_of(rows.add(body.said(), actor=actor()), KnownPerson)


@noun.get("/<int:person_id>/", gives=KnownPerson)
def record(person_id: int) -> dict[str, Any]:
    """Show one person."""
    return facts_of(rows.existing(person_id), KnownPerson)


@noun.patch("/<int:person_id>/", body=PersonChange, gives=KnownPerson)
def change(person_id: int, body: PersonChange) -> dict[str, Any]:
    """Change what is named of a person."""
    said = body.said()
    seen = said.pop("revision", None)
    return facts_of(rows.change(person_id, said, actor=actor(), revision=seen), KnownPerson)


@noun.delete("/<int:person_id>/", query=SeenPerson, gives=RemovedPerson)
def remove(person_id: int, query: SeenPerson) -> dict[str, Any]:
    """Remove a person whom nothing names, such as a bill."""
    rows.remove(person_id, actor=actor(), revision=query.revision)
    return {"removed": person_id}


@noun.get("/<address>/", query=Paged, gives=Person)
def show(address: str, query: Paged) -> dict[str, Any]:
    """Return the mails to an address, newest first, each with its tries, and what is suppressed."""
    found = timeline(address, **query.page())
    return {
        "address": found.address,
        "suppressions": found.suppressions,
        "counts": found.counts,
        "received": [_letter(each) for each in letters_of(found.address)],
        "items": found.entries.items,
        "previous": found.entries.previous,
        "next": found.entries.next,
    }


def _letter(row: InboundMessage) -> dict[str, Any]:
    facts = facts_of(row, PersonLetter)
    return facts if reads_letters() else facts | {"snippet": ""}
