"""`/campaigns/<id>/audience`: who is in it, taken in from a file, from a list or from a source, and taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from pydantic import Field, TypeAdapter, ValidationError

from edupulse.api.answers import answer, file_answer, page_of
from edupulse.api.audience_facts import (
    Intake,
    IntakeReport,
    IntakeTrial,
    Recipient,
    facts_of_intake,
    facts_of_recipient,
    report_of,
    trial_of,
)
from edupulse.api.gate import actor, takes
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import File, Noun
from edupulse.api.schema import Body, ListOf, Number, Paged, PageOf, Query, Shown, Text
from edupulse.campaigns import audience
from edupulse.campaigns.audience import Report
from edupulse.campaigns.models import Intake as IntakeRow
from edupulse.errors import Invalid
from edupulse.mail.people import Person, sources

noun = Noun("audience", __name__)

CSV = "text/csv; charset=utf-8"
FILES = (
    "text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
LARGEST_MB = 25
MAPPING = TypeAdapter(dict[str, str])


class SourceChoice(Shown):
    """One group of people that a source offers."""

    value: str
    label: str


class PeopleSource(Shown):
    """A place where people are known."""

    key: str
    title: str
    choices: list[SourceChoice]


class WhichRecipients(Paged):
    """`search` is a part of a name or an address."""

    search: Text = Field("", description="A part of a name or an address.")


class Reading(Query):
    """`dry_run` only says what would happen. Of a file: its name, and as a JSON object which column is what."""

    dry_run: bool = Field(False, description="Only say what would happen.")
    filename: Text = Field("", description="The name of the file in the body.")
    mapping: Text = Field("", description='Which column is what: {"Kurs": "course", "Mail 2": "address"}.')


class NewPerson(Body):
    """Somebody to write to, with their own fields."""

    address: Text | None = Field(None, examples=["ann@school.example"])
    name: Text | None = None
    locale: Text | None = Field(None, description="By default the campaign's own language.")
    fields: dict[Text, Text] | None = Field(None, description="What letters may ask for beside these.")


class NewPeople(Body):
    """Who is taken in: `people`, pasted `lines`, or one `value` of a `source`."""

    people: list[NewPerson] | None = None
    lines: Text | None = Field(None, examples=["Ann <ann@school.example>"])
    source: Text | None = Field(None, description="A key of `/sources/`.")
    value: Text | None = Field(None, description="One of its choices.")


class Removal(Body):
    """Who is taken out: recipients by id, or a whole intake."""

    recipients: list[Number] | None = None
    intake: Number | None = None


class RemovedPeople(Shown):
    """How many were taken out."""

    removed: int


@noun.get("/sources/", gives=ListOf[PeopleSource])
def list_sources() -> dict[str, Any]:
    """List where people may come from."""
    return {
        "items": [{"key": each.key, "title": each.title, "choices": each.choices()} for each in sources()]
    }


@noun.get("/campaigns/<int:campaign_id>/audience/", query=WhichRecipients, gives=PageOf[Recipient])
def list_audience(campaign_id: int, query: WhichRecipients) -> dict[str, Any]:
    """List the audience; `search` is a part of a name or an address."""
    return page_of(audience.recipients(campaign_id, query.search, **query.page()), facts_of_recipient)


@noun.post(
    "/campaigns/<int:campaign_id>/audience/",
    body=NewPeople,
    query=Reading,
    files=FILES,
    gives=IntakeReport,
    status=201,
    also={200: IntakeTrial},
)
@takes(LARGEST_MB)
@unkeyed  # a large file is read first, too long for a transaction; each person is in an audience once anyway
def take_in(campaign_id: int, body: NewPeople | None, query: Reading) -> Response:
    """Take people in: a file as the body, or JSON with `people`, `lines`, or `source` and `value`.

    `dry_run=true` in the query only says what would happen.
    """
    done = _take_words(campaign_id, body, query.dry_run) if body else _take_file(campaign_id, query)
    return answer(trial_of(done)) if isinstance(done, Report) else answer(report_of(done), 201)


@noun.post("/campaigns/<int:campaign_id>/audience/removal/", body=Removal, gives=RemovedPeople)
def remove(campaign_id: int, body: Removal) -> dict[str, Any]:
    """Take people out: `recipients` by id, or a whole `intake`."""
    gone = audience.remove(campaign_id, body.recipients or (), intake_id=body.intake, actor=actor())
    return {"removed": gone}


@noun.get("/campaigns/<int:campaign_id>/audience/intakes/", gives=ListOf[Intake])
def list_intakes(campaign_id: int) -> dict[str, Any]:
    """List what was taken in, oldest first."""
    return {"items": [facts_of_intake(each) for each in audience.intakes(campaign_id)]}


@noun.get("/campaigns/<int:campaign_id>/audience/intakes/<int:intake_id>/errors/", gives=File((CSV,)))
def errors(campaign_id: int, intake_id: int) -> Response:
    """Return the lines that were rejected, as CSV."""
    return file_answer(audience.error_file(intake_id, of=campaign_id), f"rejected-{intake_id}.csv", CSV)


def _take_file(campaign_id: int, query: Reading) -> IntakeRow | Report:
    mapping, data = _mapping(query.mapping), request.get_data(cache=False)
    table = audience.read_table(data, query.filename or "people.csv", mapping)
    if query.dry_run:
        return audience.check(campaign_id, table)
    return audience.take_in(campaign_id, table, actor=actor())


def _mapping(text: str) -> Mapping[str, str]:
    """Return which column is what."""
    try:
        return MAPPING.validate_json(text or "{}")
    except ValidationError:
        cure = 'Write which column is what: {"Kurs": "course"}.'
        raise Invalid("“mapping” must be a JSON object of texts.", cure=cure, field="mapping") from None


def _take_words(campaign_id: int, words: NewPeople, dry_run: bool) -> IntakeRow | Report:
    if words.people is not None:
        people = [Person(**{"address": "", **each.said()}) for each in words.people]
        if dry_run:
            return audience.check_people(campaign_id, people)
        return audience.take_people(campaign_id, people, actor=actor())
    if words.lines is not None:
        if dry_run:
            return audience.check_lines(campaign_id, words.lines)
        return audience.take_lines(campaign_id, words.lines, actor=actor())
    if words.source is None:
        raise Invalid("Nobody is named.", cure="Send people, lines, or source and value.")
    source, value = words.source, words.value or ""
    if dry_run:
        return audience.check_source(campaign_id, source, value)
    return audience.take_source(campaign_id, source, value, actor=actor())
