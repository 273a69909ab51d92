"""What programs are told about an audience: who is in it, what was read into it, and what was turned away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.schema import Shown
from edupulse.campaigns.audience import Report
from edupulse.campaigns.models import Intake as IntakeRow
from edupulse.campaigns.models import Recipient as RecipientRow

MOST_SHOWN = 100  # rejected lines in an answer; the file of errors has them all


class AudienceEntry(Shown):
    """Somebody as an audience knows them; an empty locale is the campaign's own."""

    address: str
    name: str
    locale: str
    fields: dict[str, str]


class Recipient(AudienceEntry):
    """Somebody of an audience, and the intake that they came with."""

    id: int
    intake: int


class TableColumn(Shown):
    """A column of a file: it becomes address, name, locale, a field, or nothing when it is left out."""

    number: int
    heading: str
    becomes: str
    note: str


class IntakeFacts(Shown):
    """What was recognised: of all the names of their fields, of a file also how it is written."""

    fields: list[str]
    encoding: str
    separator: str
    has_headings: bool | None
    columns: list[TableColumn]
    joined: bool


class IntakeNumbers(Shown):
    """How many were read, and what became of them: read = added + merged + rejected."""

    read: int
    added: int
    merged: int
    rejected: int
    facts: IntakeFacts


class RejectedLine(Shown):
    """A line that was turned away, and why."""

    line: int
    text: str
    problem: str


class IntakeReport(IntakeNumbers):
    """What became of those who were taken in, with the first of the lines that were rejected."""

    intake: int
    errors: list[RejectedLine]


class IntakeTrial(IntakeNumbers):
    """What would become of them: nothing was written. `first` are the first who would come in."""

    dry_run: bool
    errors: list[RejectedLine]
    first: list[AudienceEntry]


class Intake(IntakeNumbers):
    """One reading of a file, a list or a source."""

    id: int
    source: str
    title: str
    actor: str
    created_at: datetime


def facts_of_recipient(recipient: RecipientRow) -> dict[str, Any]:
    """Return what is known of one of the audience."""
    return {"id": recipient.id, **facts_of(recipient, AudienceEntry), "intake": recipient.intake_id}


def facts_of_intake(intake: IntakeRow) -> dict[str, Any]:
    """Return what was taken in, and from where."""
    return {**facts_of(intake, Intake), "facts": _recognised(intake.facts)}


def report_of(intake: IntakeRow) -> dict[str, Any]:
    """Return what became of those who were taken in."""
    return {"intake": intake.id, **_numbers(intake)}


def trial_of(report: Report) -> dict[str, Any]:
    """Return what would become of them."""
    first = [facts_of(each, AudienceEntry) for each in report.first]
    return {"dry_run": True, **_numbers(report), "first": first}


def _numbers(done: IntakeRow | Report) -> dict[str, Any]:
    facts = _recognised(done.facts)
    return {**facts_of(done, IntakeNumbers), "facts": facts, "errors": done.errors[:MOST_SHOWN]}


def _recognised(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of a file and of a list alike: what only the other one has is empty."""
    return {name: facts.get(name, nothing) for name, nothing in _NOTHING.items()}


_NOTHING: Mapping[str, Any] = {
    "fields": [], "encoding": "", "separator": "", "has_headings": None, "columns": [], "joined": False,
}  # fmt: skip
