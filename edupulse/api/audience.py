"""`/campaigns/<id>/audience`: who is in it, taken in from a file, from a list or from a source, and taken out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from edupulse.api.answers import answer, file_answer, page_answer
from edupulse.api.gate import actor, takes
from edupulse.api.noun import Noun
from edupulse.api.words import asked, asked_whether, checked, page_wanted, said
from edupulse.campaigns import audience
from edupulse.campaigns.audience import Report
from edupulse.campaigns.models import Intake, Recipient
from edupulse.errors import Invalid, NotFound
from edupulse.mail.people import Person, sources

noun = Noun("audience", __name__)

FILES = frozenset({
    "text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
})  # fmt: skip
MOST_SHOWN = 100  # rejected lines in an answer; the file of errors has them all
LARGEST_MB = 25
PERSON: dict[str, type] = {"address": str, "name": str, "locale": str, "fields": dict}


@noun.get("/sources/")
def list_sources() -> Response:
    """List where people may come from."""
    facts = [
        {"key": source.key, "title": source.title, "choices": [vars(choice) for choice in source.choices()]}
        for source in sources()
    ]
    return answer({"items": facts})


@noun.get("/campaigns/<int:campaign_id>/audience/")
def list_audience(campaign_id: int) -> Response:
    """List the audience; `search` is a part of a name or an address."""
    return page_answer(audience.recipients(campaign_id, asked("search"), **page_wanted()), _person)


@noun.post("/campaigns/<int:campaign_id>/audience/")
@takes(LARGEST_MB)
def take_in(campaign_id: int) -> Response:
    """Take people in: a file as the body, or JSON with `people`, `lines`, or `source` and `value`.

    `dry_run=true` in the query only says what would happen.
    """
    dry_run = asked_whether("dry_run")
    if request.mimetype in FILES:
        done = _take_file(campaign_id, dry_run)
    elif request.is_json:
        done = _take_words(campaign_id, said(people=list, lines=str, source=str, value=str), dry_run)
    else:
        raise UnsupportedMediaType("Send a CSV or .xlsx file as the body, or a JSON object.")
    return answer(_report(done), 200 if dry_run else 201)


@noun.post("/campaigns/<int:campaign_id>/audience/removal/")
def remove(campaign_id: int) -> Response:
    """Take people out: `recipients` by id, or a whole `intake`."""
    words = said(recipients=list, intake=int)
    ids = words.get("recipients", [])
    if any(type(each) is not int for each in ids):
        raise Invalid("“recipients” must be a list of ids.", field="recipients")
    return answer(
        {"removed": audience.remove(campaign_id, ids, intake_id=words.get("intake"), actor=actor())}
    )


@noun.get("/campaigns/<int:campaign_id>/audience/intakes/")
def list_intakes(campaign_id: int) -> Response:
    """List what was taken in, oldest first."""
    return answer({"items": [_intake(each) for each in audience.intakes(campaign_id)]})


@noun.get("/campaigns/<int:campaign_id>/audience/intakes/<int:intake_id>/errors/")
def errors(campaign_id: int, intake_id: int) -> Response:
    """Return the lines that were rejected, as CSV."""
    if intake_id not in {each.id for each in audience.intakes(campaign_id)}:
        raise NotFound(f"Campaign {campaign_id} has no intake {intake_id}.")
    return file_answer(audience.error_file(intake_id), f"rejected-{intake_id}.csv", "text/csv; charset=utf-8")


def _take_file(campaign_id: int, dry_run: bool) -> Intake | Report:
    table = audience.read_table(request.get_data(cache=False), asked("filename") or "people.csv", _mapping())
    if dry_run:
        return audience.check(campaign_id, table)
    return audience.take_in(campaign_id, table, actor=actor())


def _mapping() -> Mapping[str, str]:
    """Return which column is what, from the query: {"Kurs": "course"}."""
    try:
        found = json.loads(asked("mapping") or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise Invalid("“mapping” must be a JSON object of texts.", field="mapping")
    return found


def _take_words(campaign_id: int, words: Mapping[str, Any], dry_run: bool) -> Intake | Report:
    if "people" in words:
        people = [_read_person(each, number) for number, each in enumerate(words["people"], start=1)]
        if dry_run:
            return audience.check_people(campaign_id, people)
        return audience.take_people(campaign_id, people, actor=actor())
    if "lines" in words:
        if dry_run:
            return audience.check_lines(campaign_id, words["lines"])
        return audience.take_lines(campaign_id, words["lines"], actor=actor())
    if "source" not in words:
        raise Invalid("Nobody is named.", cure="Send people, lines, or source and value.")
    source, value = words["source"], words.get("value", "")
    if dry_run:
        return audience.check_source(campaign_id, source, value)
    return audience.take_source(campaign_id, source, value, actor=actor())


def _read_person(each: object, number: int) -> Person:
    if not isinstance(each, dict):
        raise Invalid(f"“people”, number {number}, must be an object.", field="people")
    words = {"address": "", **checked(each, PERSON, f"people[{number}].")}
    if not all(isinstance(value, str) for value in words.get("fields", {}).values()):
        raise Invalid(f"The fields of “people”, number {number}, must be texts.", field="people")
    return Person(**words)


def _report(done: Intake | Report) -> dict[str, Any]:
    known = {name: getattr(done, name) for name in ("read", "added", "merged", "rejected", "facts")}
    told = {**known, "errors": done.errors[:MOST_SHOWN]}
    if isinstance(done, Intake):
        return {"intake": done.id, **told}
    return {"dry_run": True, **told, "first": [_entry(each) for each in done.first]}


def _entry(entry: Any) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ("address", "name", "locale", "fields")}


def _person(recipient: Recipient) -> dict[str, Any]:
    return {"id": recipient.id, **_entry(recipient), "intake": recipient.intake_id}


def _intake(intake: Intake) -> dict[str, Any]:
    names = ("id", "source", "title", "read", "added", "merged", "rejected", "facts", "actor", "created_at")
    return {name: getattr(intake, name) for name in names}
