"""The rows of a file of people become what each says of a person, or why it cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from edupulse.errors import Invalid
from edupulse.people.entry import checked
from edupulse.people.headings import Column, columns_of, meaning_of
from edupulse.people.intake_report import Problem
from edupulse.tabular.reading import MOST_ROWS, read_rows, too_many_rows
from edupulse.tabular.records import Record


@dataclass(frozen=True, slots=True)
class Line:
    """One usable row: the columns of a person that it fills; an empty cell says nothing."""

    line: int
    text: str
    values: dict[str, Any]


@dataclass(frozen=True)
class PeopleFile:
    """A file that was recognised, read to its end."""

    columns: tuple[Column, ...]
    lines: tuple[Line | Problem, ...]
    recognised: str


def read_people(data: bytes) -> PeopleFile:
    """Read a CSV or .xlsx file of people.

    Raises Invalid in plain words for what is no table, has no column with names, or too many rows.
    """
    rows = read_rows(data, meaning_of)
    records = rows.read()
    head = next(records, None)
    if head is None:
        raise Invalid("The file is empty.", cure="Choose the one with the people.", field="file")
    columns = columns_of(head.cells)
    recognised = ", ".join(filter(None, (rows.kind.upper(), rows.encoding, rows.separator)))
    return PeopleFile(columns, tuple(_lines(records, columns)), recognised)


def _lines(records: Iterator[Record], columns: Sequence[Column]) -> Iterator[Line | Problem]:
    for count, record in enumerate(records, start=1):
        if count > MOST_ROWS:
            raise too_many_rows()
        yield _line(record, columns)


def _line(record: Record, columns: Sequence[Column]) -> Line | Problem:
    if record.problem:
        return Problem(record.line, record.text, record.problem)
    said = {
        column.meaning: cell.strip()
        for column, cell in zip(columns, record.cells, strict=False)
        if column.meaning and cell.strip()
    }
    first, last = said.pop("first_name", ""), said.pop("last_name", "")
    try:
        values = checked({"name": _whole_name(first, last), **said})
    except Invalid as error:
        return Problem(record.line, record.text, str(error), str(error.facts.get("field", "")))
    return Line(record.line, record.text, values)


def _whole_name(first: str, last: str) -> str:
    """Put a name together: 李伟 has its family name first and no gap, Zoë Berg last and one."""
    if _is_hanzi(first + last):
        return last + first
    return f"{first} {last}".strip()


def _is_hanzi(text: str) -> bool:
    return all("\u4e00" <= letter <= "\u9fff" for letter in text)  # the block of the usual ones
