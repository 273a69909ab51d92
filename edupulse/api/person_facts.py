"""What an answer says of a person: the record of somebody who is known, and the story of an address."""

from __future__ import annotations

from datetime import datetime

from edupulse.api.delivery_facts import Attempt
from edupulse.api.schema import PageOf, Shown


class KnownPerson(Shown):
    """Somebody whom the organisation knows; a change says `revision` to be refused where another was faster."""

    id: int
    name: str
    email: str | None
    phone: str
    locale: str
    external_id: str | None
    note: str
    active: bool
    created_at: datetime
    updated_at: datetime
    revision: int


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
