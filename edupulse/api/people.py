"""`/people/<address>`: everything that was ever sent to one address, why something was not, and what came from it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.delivery_facts import Attempt
from edupulse.api.message_facts import reads_letters
from edupulse.api.noun import Noun
from edupulse.api.schema import Paged, PageOf, Shown
from edupulse.mail.timeline import timeline
from edupulse.mailboxes.letters import letters_of
from edupulse.mailboxes.models import InboundMessage

noun = Noun("people", __name__, url_prefix="/people")


class PersonStop(Shown):
    """What the person is not written to about, why, and since when."""

    scope: str
    reason: str
    source: str
    created_at: datetime


class PersonMail(Shown):
    """A mail to the person: the title of its campaign, or its subject; every try, and what happens next."""

    delivery_id: int
    kind: str
    subject_id: str
    mailing_id: int | None
    title: str
    state: str
    reason: str | None
    accepted_at: datetime
    due_at: datetime
    sent_at: datetime | None
    message_id: str
    attempts: list[Attempt]
    next: str


class PersonLetter(Shown):
    """A message from the person; `/messages/<id>/` shows it. Its `snippet` is empty for viewers."""

    id: int
    subject: str
    kind: str | None
    state: str
    snippet: str
    stored_at: datetime


class Person(PageOf[PersonMail]):
    """One address: a page of the mails to it, newest first, its mails by state, what is stopped, what it wrote."""

    address: str
    suppressions: list[PersonStop]
    counts: dict[str, int]
    received: list[PersonLetter]


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
