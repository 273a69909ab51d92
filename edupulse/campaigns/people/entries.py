"""One person as read becomes an entry of the audience, or is turned away with a sentence that says why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edupulse.campaigns.tables.columns import MOST_COLUMNS, PARTS, Column
from edupulse.campaigns.tables.headings import LONGEST_FIELD, RESERVED
from edupulse.campaigns.tables.languages import language_of
from edupulse.errors import Invalid
from edupulse.mail.addresses import parse_named, refuse_steering
from edupulse.mail.people import Person
from edupulse.tabular.records import Record

LONGEST_CELL = 2000  # characters
LONGEST_NAME = 200  # characters
LONGEST_ADDRESS = 320  # characters; 64 before the @, 255 behind it
LONGEST_TEXT = 500  # characters of a rejected line that are shown
_INVISIBLE = "\ufeff\u200b\u2060"  # what stays of copying from pages and sheets
_EDGES = re.compile(rf"^[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One person of the audience: checked, and comparable with the others."""

    address: str
    comparable: str
    name: str
    locale: str  # empty: the campaign's own
    fields: dict[str, str]  # also those that are empty: the column was there, the cell was not filled


@dataclass(frozen=True, slots=True)
class Rejected:
    """One line that was turned away: where it is, what it was, and what is wrong with it."""

    line: int
    text: str
    problem: str


def entries_of_table(records: Iterable[Record], columns: Sequence[Column]) -> Iterator[Entry | Rejected]:
    """Read each record by the columns decided on."""
    place = {each.becomes: each.number - 1 for each in columns if each.becomes in PARTS}
    fields = [
        (each.becomes, each.number - 1) for each in columns if each.becomes and each.becomes not in PARTS
    ]
    for record in records:
        if problem := record.problem or _misfit(record, len(columns)):
            yield Rejected(record.line, _shown(record.text), problem)
            continue
        cells = [*record.cells, *[""] * (len(columns) - len(record.cells))]
        parts = {part: cells[at] for part, at in place.items()}
        person = Person(**parts, fields={name: cells[at] for name, at in fields})
        yield entry_or_reason(person, record.line, record.text)


def entry_or_reason(person: Person, line: int, text: str) -> Entry | Rejected:
    """Return the entry, or why this line was turned away."""
    try:
        return entry_of(person)
    except Invalid as error:
        return Rejected(line, _shown(text), str(error))


def entry_of(person: Person) -> Entry:
    """Check one person; raises Invalid in words for the one who wrote the line."""
    _check_bounds(person)
    if not person.address.strip():
        raise Invalid("There is no e-mail address.")
    name_beside, address = parse_named(_trimmed(person.address), field="address")
    name = _trimmed(person.name) or name_beside
    refuse_steering(name, field="name")
    if len(name) > LONGEST_NAME:
        raise Invalid(f"The name has {len(name)} characters; {LONGEST_NAME} are possible.")
    locale = _trimmed(person.locale)
    return Entry(
        address=address.mailbox,
        comparable=address.comparable,
        name=name,
        locale=language_of(locale) if locale else "",
        fields=_checked_fields(person.fields),
    )


def completed(first: Entry, later: Entry) -> Entry:
    """Return the first entry of a person; only what is empty in it comes from the later one."""
    missing = {name: value for name, value in later.fields.items() if not first.fields.get(name)}
    return replace(
        first,
        name=first.name or later.name,
        locale=first.locale or later.locale,
        fields={**first.fields, **missing},
    )


def _checked_fields(fields: Mapping[str, str]) -> dict[str, str]:
    kept = {name: _trimmed(value) for name, value in fields.items()}
    for name, value in kept.items():
        if not value.isprintable():
            refuse_steering(value, field=name)
    return kept


def _trimmed(text: str) -> str:
    return text if text.isalnum() else _EDGES.sub("", text)


def _check_bounds(person: Person) -> None:
    if len(person.address) > LONGEST_ADDRESS:
        raise Invalid(f"The address has {len(person.address):,} characters.")
    if len(person.fields) > MOST_COLUMNS:
        raise Invalid(f"There are {len(person.fields):,} fields; {MOST_COLUMNS} are possible.")
    for name, value in person.fields.items():
        if not name.isidentifier() or name in RESERVED or len(name) > LONGEST_FIELD:
            raise Invalid(f"A field cannot be called “{name[:60]}”.")
        if len(value) > LONGEST_CELL:
            raise Invalid(f"“{name}” has {len(value):,} characters; {LONGEST_CELL:,} are possible.")


def _misfit(record: Record, width: int) -> str:
    beyond = [cell for cell in record.cells[width:] if cell.strip()]
    if not beyond:
        return ""
    return (
        f"It has {len(record.cells)} cells, but there are {width} columns. "
        "A text with the separator in it needs quotation marks around it."
    )


def _shown(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"
