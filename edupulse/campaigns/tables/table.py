"""A file of people becomes a table: its encoding, separator and columns are recognised, its rows wait to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any

from edupulse.campaigns.tables.columns import Column, columns_of
from edupulse.campaigns.tables.headings import meaning_of
from edupulse.errors import Invalid
from edupulse.tabular.reading import MOST_ROWS, read_rows, too_many_rows
from edupulse.tabular.records import Record
from edupulse.tabular.separators import looks_like_address

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
                raise too_many_rows()
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
    title = filename.strip()[:200] or "table"
    raw = read_rows(data, meaning_of)
    return _recognised(title, raw.kind, raw.encoding, raw.separator, raw.read, mapping)


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
