"""The audience of a draft: files, pasted lines and sources are taken in, each person once by address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select

from edupulse.accounts.audit import record
from edupulse.campaigns.models import Intake, Recipient
from edupulse.campaigns.people.entries import Entry, Rejected, entries_of_table, entry_or_reason
from edupulse.campaigns.people.error_file import error_file, errors_as_csv
from edupulse.campaigns.people.intake import errors_of, known_in, store
from edupulse.campaigns.people.lines import entries_of_lines
from edupulse.campaigns.people.listing import count, field_names, intakes, recipients
from edupulse.campaigns.people.sieve import CHUNK, Sieve
from edupulse.campaigns.rows import existing, locked, refuse_unless_draft, subject_of
from edupulse.campaigns.tables.table import Table, read_table
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, NotFound
from edupulse.mail.people import Person, source_of
from edupulse.tabular.reading import MOST_ROWS
from edupulse.transaction import rows_changed, transaction

__all__ = [
    "Report", "check", "check_lines", "check_people", "check_source", "count", "error_file", "errors_as_csv",
    "field_names", "intakes", "read_table", "recipients", "remove", "take_in", "take_lines", "take_people",
    "take_source",
]  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What taking a source in would do: read = added + merged + rejected."""

    read: int
    added: int
    merged: int
    rejected: int
    errors: list[dict[str, Any]]  # {"line", "text", "problem"}, the first ten thousand
    first: list[Entry]  # the first that would come in
    facts: dict[str, Any]  # of a file: encoding, separator, has_headings, columns; of all: fields


def check(campaign_id: int, table: Table, mapping: Mapping[str, str] | None = None) -> Report:
    """Say what `take_in` would do, to the very numbers; writes nothing. Raises as `take_in` does."""
    table = table.mapped(mapping)
    return _dry_run(campaign_id, entries_of_table(table.records(), table.columns), table.facts)


def take_in(
    campaign_id: int, table: Table, *, mapping: Mapping[str, str] | None = None, actor: str
) -> Intake:
    """Take the people of a file in: who is there already stays, and only what is empty about them is filled in.

    All or nothing, but a line that cannot be used does not stop the others. `mapping` as `columns_of` says.
    Raises NotFound, Conflict for what is no draft, Invalid for a file without addresses or with too many rows.
    """
    table = table.mapped(mapping)
    intake = Intake(source=table.kind, title=table.title, facts=table.facts, actor=actor)
    return _take(campaign_id, intake, entries_of_table(table.records(), table.columns))


def check_lines(campaign_id: int, text: str) -> Report:
    """Say what `take_lines` would do; writes nothing."""
    return _dry_run(campaign_id, entries_of_lines(text), {})


def take_lines(campaign_id: int, text: str, *, actor: str) -> Intake:
    """Take in who stands in pasted lines, `Ann <ann@school.example>` one a line. Raises as `take_in` does."""
    intake = Intake(source="people", title="Pasted lines", facts={}, actor=actor)
    return _take(campaign_id, intake, entries_of_lines(text))


def check_people(campaign_id: int, people: Iterable[Person]) -> Report:
    """Say what `take_people` would do; writes nothing."""
    return _dry_run(campaign_id, _numbered(people), {})


def take_people(campaign_id: int, people: Iterable[Person], *, actor: str) -> Intake:
    """Take in people whom a program names, its own fields with them; `line` of an error is their place in the list.

    Raises as `take_in` does.
    """
    intake = Intake(source="people", title="Named by a program", facts={}, actor=actor)
    return _take(campaign_id, intake, _numbered(people))


def check_source(campaign_id: int, source_key: str, value: str) -> Report:
    """Say what `take_source` would do; writes nothing."""
    return _dry_run(campaign_id, _entries_of_source(campaign_id, source_key, value), {})


def take_source(campaign_id: int, source_key: str, value: str, *, actor: str) -> Intake:
    """Take in the people of a source, e.g. ("event", "7"); again later it adds only who is new.

    Raises NotFound for a source or choice that does not exist, else as `take_in` does.
    """
    title = source_of(source_key).label(value)[:300]
    intake = Intake(source=f"{source_key}:{value}"[:60], title=title, facts={}, actor=actor)
    return _take(campaign_id, intake, _entries_of_source(campaign_id, source_key, value))


def remove(
    campaign_id: int, recipient_ids: Sequence[int] = (), *, intake_id: int | None = None, actor: str
) -> int:
    """Take people out of the audience of a draft, or undo a whole intake; return how many are gone.

    Who came with an intake first leaves with it, even if a later one named them too: take that one in again.
    """
    with transaction() as session:
        refuse_unless_draft(locked(session, campaign_id))
        gone = _remove_some(campaign_id, recipient_ids)
        if intake_id is not None:
            gone += _undo(campaign_id, intake_id)
        if gone or intake_id is not None:
            record(actor, "campaign.remove", subject_of(campaign_id), recipients=gone, intake=intake_id)
    return gone


def _take(campaign_id: int, intake: Intake, entries: Iterable[Entry | Rejected]) -> Intake:
    refuse_unless_draft(existing(campaign_id))  # before anybody waits for a large file
    # Read to the end first: nobody else can write while the transaction runs.
    everybody = _bounded(entries)
    with transaction() as session:
        campaign = locked(session, campaign_id)
        refuse_unless_draft(campaign)
        return store(session, campaign, intake, everybody, completes=True)


def _dry_run(campaign_id: int, entries: Iterable[Entry | Rejected], facts: Mapping[str, Any]) -> Report:
    refuse_unless_draft(existing(campaign_id))
    sieve = Sieve(known_in(campaign_id))
    for _ in sieve.sort(_bounded(entries)):
        pass
    tally = sieve.tally
    return Report(
        tally.read, tally.added, tally.merged, tally.rejected,
        errors=errors_of(tally), first=tally.first, facts={**facts, "fields": list(tally.fields)},
    )  # fmt: skip


def _entries_of_source(campaign_id: int, source_key: str, value: str) -> Iterable[Entry | Rejected]:
    source = source_of(source_key)
    source.label(value)  # raises NotFound
    if (source_key, value) == ("campaign", str(campaign_id)):
        raise Conflict("A campaign cannot take in its own audience.", cure="Choose another campaign.")
    return _numbered(source.people(value))


def _numbered(people: Iterable[Person]) -> Iterator[Entry | Rejected]:
    for number, person in enumerate(people, start=1):
        named = f"{person.name} <{person.address}>" if person.name else person.address
        yield entry_or_reason(person, number, named)


def _bounded(entries: Iterable[Entry | Rejected]) -> list[Entry | Rejected]:
    everybody = []
    for each in entries:
        everybody.append(each)
        if len(everybody) > MOST_ROWS:
            raise Invalid(f"That is more than {MOST_ROWS:,} people at once.", cure="Take them in in parts.")
    return everybody


def _remove_some(campaign_id: int, ids: Sequence[int]) -> int:
    session, gone = db.session(), 0
    for start in range(0, len(ids), CHUNK):
        some = Recipient.id.in_(ids[start : start + CHUNK])
        gone += rows_changed(session, delete(Recipient).where(Recipient.campaign_id == campaign_id, some))
    return gone


def _undo(campaign_id: int, intake_id: int) -> int:
    session = db.session()
    intake = session.scalar(select(Intake).where(Intake.id == intake_id, Intake.campaign_id == campaign_id))
    if intake is None:
        raise NotFound(f"Campaign {campaign_id} has no intake {intake_id}.", intake_id=intake_id)
    gone = rows_changed(session, delete(Recipient).where(Recipient.intake_id == intake_id))
    session.expunge(intake)
    session.execute(delete(Intake).where(Intake.id == intake_id))
    return gone
