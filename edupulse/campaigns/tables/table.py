"""A file of people becomes a table: its encoding, separator and columns are recognised, its rows wait to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Any

from edupulse.campaigns.tables.columns import Column, columns_of
from edupulse.campaigns.tables.encodings import decoded
from edupulse.campaigns.tables.records import Record, lines_of, records_of
from edupulse.campaigns.tables.separators import SEPARATORS, looks_like_address, separator_of, told_separator
from edupulse.campaigns.tables.spreadsheet import is_spreadsheet, sheet_records
from edupulse.errors import Invalid

LARGEST_FILE = 20 * 1024 * 1024  # bytes
MOST_ROWS = 200_000
MOST_LINES = 1_000_000  # a row may go over several lines
_SAMPLE = 50  # rows by which columns are told


@dataclass(frozen=True)
class Table:
    """A file that was recognised; `records` reads its rows anew each time."""

    title: str  # the file's name
    kind: str  # csv | xlsx
    encoding: str  # as people call it; empty for .xlsx
    separator: str  # comma | semicolon | tab; empty for .xlsx
    headings: tuple[str, ...] | None  # None: its first row is a person already
    columns: tuple[Column, ...]
    read: Callable[[], Iterator[Record]]

    def records(self) -> Iterator[Record]:
        """Return the rows below the headings; raises Invalid past MOST_ROWS."""
        rows = self.read()
        first = next(rows, None)
        below = rows if self.headings is not None or first is None else chain([first], rows)
        for count, record in enumerate(below, start=1):
            if count > MOST_ROWS:
                raise _too_many_rows()
            yield record

    def mapped(self, mapping: Mapping[str, str] | None) -> Table:
        """Return the table with the columns a person chose, see `columns_of`."""
        if not mapping:
            return self
        sample = [record.cells for record in islice(self.records(), _SAMPLE)]
        return replace(self, columns=tuple(columns_of(self.headings, sample, mapping)))

    @property
    def facts(self) -> dict[str, Any]:
        """Return what was recognised, for people."""
        return {
            "encoding": self.encoding,
            "separator": self.separator,
            "has_headings": self.headings is not None,
            "columns": [
                {"number": each.number, "heading": each.heading, "becomes": each.becomes, "note": each.note}
                for each in self.columns
            ],
        }


def read_table(data: bytes, filename: str, mapping: Mapping[str, str] | None = None) -> Table:
    """Recognise a CSV or .xlsx file of people; raises Invalid in plain words when it is none.

    A table without headings is told by an address in its first row.
    """
    if len(data) > LARGEST_FILE:
        cure = "Split it, or remove the columns that no letter needs."
        raise Invalid(
            f"The file has {len(data) / 2**20:.0f} MB; {LARGEST_FILE // 2**20} are possible.", cure=cure
        )
    title = filename.strip()[:200] or "table"
    if is_spreadsheet(data):
        return _recognised(title, "xlsx", "", "", partial(sheet_records, data), mapping)
    found = decoded(data)
    lines = _lines(found.text)
    separator = told_separator(lines[0].strip()) if lines else None
    if separator:
        lines[0] = "\n"  # empty, so that the numbers of the others stay those of the file
    separator = separator or separator_of(lines)
    read = partial(records_of, lines, separator)
    return _recognised(title, "csv", found.encoding, SEPARATORS[separator], read, mapping)


def _lines(text: str) -> list[str]:
    if text.count("\n") + text.count("\r") > 2 * MOST_LINES:  # CRLF counts twice
        raise _too_many_rows()
    lines = lines_of(text)
    if len(lines) > MOST_LINES:
        raise _too_many_rows()
    return lines


def _recognised(
    title: str,
    kind: str,
    encoding: str,
    separator: str,
    read: Callable[[], Iterator[Record]],
    mapping: Mapping[str, str] | None,
) -> Table:
    sample = list(islice(read(), _SAMPLE + 1))
    if not sample:
        raise Invalid("The file is empty.", cure="It needs a row with headings and a row for each person.")
    if sample[0].problem:
        raise Invalid(f"Line {sample[0].line} cannot be read. {sample[0].problem}")
    headings = None if any(looks_like_address(cell) for cell in sample[0].cells) else tuple(sample[0].cells)
    rows = [record.cells for record in (sample if headings is None else sample[1:])]
    columns = columns_of(headings, rows, mapping)
    return Table(title, kind, encoding, separator, headings, tuple(columns), read)


def _too_many_rows() -> Invalid:
    return Invalid(
        f"The file has more than {MOST_ROWS:,} rows.", cure="Split it and take the parts in one by one."
    )
