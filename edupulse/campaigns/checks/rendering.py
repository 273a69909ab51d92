"""Every recipient's mail is made once for trial, a thousand at a time: who would get a bad one, and why."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappush, heappushpop
from typing import Any

from sqlalchemy import select

from edupulse.campaigns.checks.editions import Edition, Editions, Reader
from edupulse.campaigns.checks.finding import Tally
from edupulse.campaigns.models import Recipient
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_address, refuse_steering
from edupulse.mail.letters import MergeError
from edupulse.mail.press import Reading
from edupulse.transaction import look_anew

CHUNK = 1_000  # recipients in memory at a time
LONGEST_SECONDS = 120.0  # after that the letter is too slow to be sent to so many
MOST_FIELDS = 50  # missing ones that are looked for in one person's letter
LARGEST_GROWTH = 3.2  # bytes of the mail per byte of text: quoted-printable, all of it encoded
MEASURED = 20  # of the heaviest texts that are made to bytes to find the largest mail
ROUND_IT = 8_000  # bytes of headers and boundaries, generously


@dataclass
class Rendered:
    """What came of it. The tallies name addresses; `missing`, `blank` and `refused` are by field or message."""

    recipients: int = 0
    missing: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    blank: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    refused: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    cures: dict[str, str] = field(default_factory=dict)  # of what was refused
    other_language: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    bad_address: Tally = field(default_factory=Tally)
    too_large: Tally = field(default_factory=Tally)
    no_subject: Tally = field(default_factory=Tally)
    no_text: Tally = field(default_factory=Tally)
    largest: int = 0  # bytes
    largest_id: int | None = None
    is_whole: bool = True


def render_all(campaign_id: int, editions: Editions, largest_allowed: int) -> Rendered:
    """Make the mail of every recipient for trial; nothing is sent, and memory does not grow with their number."""
    trial = _Trial(editions, largest_allowed)
    deadline = time.monotonic() + LONGEST_SECONDS
    for rows in _chunks(campaign_id):
        for row in rows:
            trial.make(row)
        if time.monotonic() > deadline:
            trial.found.is_whole = False
            break
    return trial.over()


def _chunks(campaign_id: int) -> Iterator[Sequence[Any]]:
    """Yield the recipients by number; each chunk is a short read, so that nobody waits for us."""
    columns = (Recipient.id, Recipient.address, Recipient.name, Recipient.locale, Recipient.fields)
    last = 0
    while True:
        chunk = select(*columns).where(Recipient.campaign_id == campaign_id, Recipient.id > last)
        rows = db.session.execute(chunk.order_by(Recipient.id).limit(CHUNK)).all()
        look_anew()
        if not rows:
            return
        last = rows[-1].id
        yield rows


class _Trial:
    def __init__(self, editions: Editions, largest_allowed: int) -> None:
        self.found = Rendered()
        self._editions = editions
        self._room = largest_allowed - editions.enclosed_bytes
        self._heaviest: list[tuple[int, int, Edition, Reader]] = []  # a heap, by weight and then by order

    def make(self, row: Any) -> None:
        """Make one mail and note what is wrong with it."""
        found, person = self.found, Reader(row.address, row.name, row.fields, row.locale, recipient_id=row.id)
        found.recipients += 1
        if not _can_be_written_to(person):
            found.bad_address.add(person.address)
            return
        if not self._editions.has_own(person.locale):
            found.other_language[person.locale].add(person.address)
        edition = self._editions.for_reader(person.locale)
        if edition.obstacle:
            return  # said once about the letter, not about everybody
        try:
            reading = edition.press.read(person)
        except MergeError as error:
            self._refused(error, edition, person)
            return
        self._judge(reading, edition, person)

    def over(self) -> Rendered:
        """Return what was found, with the largest mail measured to the byte."""
        for _, _, edition, person in self._heaviest:
            size = self._size(edition, person) + self._editions.enclosed_bytes
            if size > self.found.largest:
                self.found.largest, self.found.largest_id = size, person.recipient_id
        return self.found

    def _judge(self, reading: Reading, edition: Edition, person: Reader) -> None:
        found = self.found
        if not reading.subject.strip():
            found.no_subject.add(person.address)
        if not reading.text.strip():
            found.no_text.add(person.address)
        for name in edition.gaps:
            if not person.value(name).strip():
                found.blank[name].add(person.address)
        written = len(reading.text.encode()) + len(reading.html.encode())
        headers = len(reading.subject.encode()) + len(person.recipient_name.encode())
        entry = (written + 2 * headers, found.recipients, edition, person)
        (heappushpop if len(self._heaviest) >= MEASURED else heappush)(self._heaviest, entry)
        may_be_too_large = written * LARGEST_GROWTH + ROUND_IT > self._room
        if may_be_too_large and self._size(edition, person) > self._room:
            found.too_large.add(person.address)

    @staticmethod
    def _size(edition: Edition, person: Reader) -> int:
        return len(edition.press.mail(person))

    def _refused(self, error: MergeError, edition: Edition, person: Reader) -> None:
        if error.kind == "missing_field":
            for name in _missing_fields(error, edition, person):
                self.found.missing[name].add(person.address)
        else:
            self.found.refused[error.message].add(person.address)
            self.found.cures[error.message] = error.cure


def _can_be_written_to(person: Reader) -> bool:
    try:
        parse_address(person.address)
        refuse_steering(person.recipient_name, field="name")
    except Invalid:
        return False
    return True


def _missing_fields(error: MergeError, edition: Edition, person: Reader) -> list[str]:
    """Return every field that this letter lacks, not only the first: each is filled in and the next is looked for."""
    names: list[str] = []
    fields = dict(person.fields)
    following: MergeError | None = error
    while following and following.kind == "missing_field" and following.field not in names[:MOST_FIELDS]:
        names.append(following.field)
        fields[following.field] = "-"
        following = _error_of(edition, replace(person, fields=fields))
    return names


def _error_of(edition: Edition, person: Reader) -> MergeError | None:
    try:
        edition.press.read(person)
    except MergeError as error:
        return error
    return None
