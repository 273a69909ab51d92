"""The first sheet of an .xlsx file becomes records; nothing in it is computed, followed or run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from edupulse.errors import Invalid
from edupulse.tabular.encodings import SAVE_AS_CSV
from edupulse.tabular.records import Record

LARGEST_UNPACKED = 300 * 1024 * 1024  # bytes: fifteen times a full upload; beyond it somebody packed a trap
MOST_CELLS_READ = 120  # of a row: enough to see that there are too many
_ZIP = b"PK\x03\x04"


def is_spreadsheet(data: bytes) -> bool:
    """Say whether `data` is an .xlsx file, by what is in it and not by its name."""
    if not data.startswith(_ZIP):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return "xl/workbook.xml" in packed.namelist()
    except zipfile.BadZipFile:
        return False


def sheet_records(data: bytes) -> Iterator[Record]:
    """Read the active sheet; raises Invalid for a file that is damaged or unpacks to far too much."""
    _refuse_a_trap(data)
    try:
        yield from _records(data)
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        LookupError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:
        raise Invalid(f"This .xlsx file cannot be read ({type(error).__name__}).", cure=SAVE_AS_CSV) from None


def _records(data: bytes) -> Iterator[Record]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is often wrong
        rows = sheet.iter_rows(values_only=True, max_col=MOST_CELLS_READ)
        for line, values in enumerate(rows, start=1):
            cells = _without_the_empty_end([_written(value) for value in values])
            if cells:
                yield Record(line, cells, ", ".join(cells))
    finally:
        book.close()


def _refuse_a_trap(data: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        unpacked = sum(part.file_size for part in packed.infolist())
    if unpacked > LARGEST_UNPACKED:
        raise Invalid(f"This .xlsx file unpacks to {unpacked // 2**20:,} MB.", cure=SAVE_AS_CSV)


def _without_the_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _written(value: Any) -> str:
    """Return a cell as a person sees it: no ".0" behind whole numbers, no midnight behind dates."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        is_a_day = value.time() == time.min
        return value.date().isoformat() if is_a_day else value.isoformat(" ", "minutes")
    return value.isoformat() if isinstance(value, date | time) else str(value)
