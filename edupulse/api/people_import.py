"""`/people/import`: a file of people is looked into or taken in, and the answer accounts for each line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import request
from pydantic import Field

from edupulse.api.gate import actor, takes
from edupulse.api.idempotency import unkeyed
from edupulse.api.noun import Noun
from edupulse.api.schema import Body, Query, Shown, Text
from edupulse.errors import Invalid
from edupulse.people.intake import take_in

noun = Noun("people_import", __name__, url_prefix="/people/import")

FILES = (
    "text/csv", "text/plain", "text/tab-separated-values", "application/octet-stream", "application/vnd.ms-excel",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
LARGEST_MB = 25


class PeopleTable(Body):
    """The text of a CSV file; a file as it is may be the body instead."""

    table: str


class HowToTakeIn(Query):
    """What is done with the file, and what it is called on record."""

    dry_run: bool = Field(False, description="Only say what would become of each line.")
    filename: Text = Field("people.csv", max_length=150)


class ImportedColumn(Shown):
    """A column of the file and the part of a person that it was taken for; empty where it was left out."""

    number: int
    heading: str
    meaning: str


class ImportedPerson(Shown):
    """What became of a line: `added` or `changed`, then with the names of what differs."""

    line: int
    what: str
    name: str
    email: str
    external_id: str
    differs: list[str]


class ImportProblem(Shown):
    """A line that cannot be used, and why; `cause` is the field, or a word for what else is wrong."""

    line: int
    text: str
    problem: str
    cause: str


class PeopleImport(Shown):
    """Of the lines: read = added + changed + same + rejected. `first` and `problems` are the first of many."""

    dry_run: bool
    recognised: str
    read: int
    added: int
    changed: int
    same: int
    rejected: int
    columns: list[ImportedColumn]
    first: list[ImportedPerson]
    problems: list[ImportProblem]


@noun.post("/", body=PeopleTable, query=HowToTakeIn, files=FILES, gives=PeopleImport)
@takes(LARGEST_MB)
@unkeyed  # a large file takes too long for one transaction; the same file twice changes nothing twice
def take_in_file(body: PeopleTable | None, query: HowToTakeIn) -> dict[str, Any]:
    """Take in a file of people; the same file twice changes nothing twice."""
    data = body.table.encode("utf-8", "replace") if body else request.get_data()
    if not data:
        raise Invalid("There is no file in this call.", cure="Send its bytes as the body.", field="table")
    report = take_in(data, query.filename, actor=actor(), dry_run=query.dry_run)
    return {**asdict(report), "dry_run": query.dry_run}
