"""The bytes of a CSV or .xlsx file become rows with their lines; what each column means is the reader's affair."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edupulse.errors import Invalid
from edupulse.tabular.encodings import decoded
from edupulse.tabular.formulas import meant
from edupulse.tabular.records import Record, lines_of, records_of
from edupulse.tabular.separators import SEPARATORS, separator_of, told_separator
from edupulse.tabular.spreadsheet import is_spreadsheet, sheet_records

LARGEST_FILE = 20 * 1024 * 1024  # bytes
MOST_ROWS = 200_000
MOST_LINES = 1_000_000  # a row may go over several lines


@dataclass(frozen=True)
class Rows:
    """A file that was recognised; `read` gives its rows anew each time, the headings among them."""

    kind: str  # csv | xlsx
    encoding: str  # as people call it; empty for .xlsx
    separator: str  # comma | semicolon | tab; empty for .xlsx
    read: Callable[[], Iterator[Record]]


def read_rows(data: bytes, is_heading: Callable[[str], object]) -> Rows:
    """Recognise a CSV or .xlsx file; raises Invalid in plain words when it is none.

    `is_heading` says whether a cell is a heading that the reader understands: it helps to tell the separator.
    """
    if len(data) > LARGEST_FILE:
        cure = "Split it, or remove the columns that are not needed."
        raise Invalid(
            f"The file has {len(data) / 2**20:.0f} MB; {LARGEST_FILE // 2**20} are possible.", cure=cure
        )
    if is_spreadsheet(data):
        return Rows("xlsx", "", "", lambda: _meant(sheet_records(data)))
    found = decoded(data)
    lines = _lines(found.text)
    separator = told_separator(lines[0].strip()) if lines else None
    if separator:
        lines[0] = "\n"  # empty, so that the numbers of the others stay those of the file
    found_separator = separator or separator_of(lines, is_heading)
    return Rows(
        "csv", found.encoding, SEPARATORS[found_separator], lambda: _meant(records_of(lines, found_separator))
    )


def too_many_rows() -> Invalid:
    """Return the refusal of a file that is too long."""
    return Invalid(
        f"The file has more than {MOST_ROWS:,} rows.", cure="Split it and take the parts in one by one."
    )


def _meant(records: Iterator[Record]) -> Iterator[Record]:
    for record in records:
        is_plain = "'" not in record.text
        yield record if is_plain else replace(record, cells=[meant(cell) for cell in record.cells])


def _lines(text: str) -> list[str]:
    if text.count("\n") + text.count("\r") > 2 * MOST_LINES:  # CRLF counts twice
        raise too_many_rows()
    lines = lines_of(text)
    if len(lines) > MOST_LINES:
        raise too_many_rows()
    return lines
