"""Rows become an Excel file: texts as texts, amounts and days as values that can be summed and sorted.

A sheet is written as its XML (ECMA-376 part 1, 18.3) with texts in the cells, a piece at a time: a library that keeps
its place in a file could not go on after a kill. What a sheet cannot hold goes on to the next one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import IO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from edupulse.exports.cells import Write, as_json, cells, heading, on_the_clock
from edupulse.exports.formats.format import Format, Piece, Rows
from edupulse.exports.formats.sheet_frame import SHEET_END, frame, sheet_head, sheet_path
from edupulse.exports.table import Column
from edupulse.tabular.formulas import defused

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # below the headings; what a sheet can hold
LONGEST_TEXT = 32_767  # characters that a cell can hold, in UTF-16: an emoji counts twice
BOLD, INSTANT, DAY, MONEY = 1, 2, 3, 4  # styles, by their place in STYLES
_BEGIN = date(1899, 12, 30)  # the day 0 of the calendar of spreadsheets, for days from _FIRST_DAY on
_FIRST_DAY = date(1900, 3, 1)  # Excel counts a 29 February 1900; what lies before it is written as a text
_LARGEST_EXACT = 10**15  # a cell's number has 15 digits: what is longer is shown as a text
_HUGE = 2**31 - 2**20  # bytes: past it the directory of the file needs larger numbers
_QUICK, _SMALLEST_STAMP = 1, (1980, 1, 1, 0, 0, 0)  # level of compression; the same rows give the same file

# What XML or a reader of cells would take for something else: marks, characters that XML lacks, and _x0041_.
_SPECIAL = re.compile("[&<>\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_LACKING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CODED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")


def _encoder(columns: Sequence[Column], zone: str) -> Callable[[Rows], bytes]:
    of_row = cells(columns, _writers(zone), lambda text: _value(text, MONEY))

    def encode(rows: Rows) -> bytes:
        return "".join(_line(of_row(row)) for row in rows).encode()

    return encode


def _writers(zone: str) -> dict[str, Write]:
    local = on_the_clock(zone)
    return {
        "text": _text,
        "number": lambda value: _value(value) if abs(value) < _LARGEST_EXACT else _text(str(value)),
        "instant": lambda at: _moment(local(at)),
        "wall": _moment,
        "day": lambda day: _value((day - _BEGIN).days, DAY) if day >= _FIRST_DAY else _text(day.isoformat()),
        "yes": lambda value: f'<c t="b"><v>{int(value)}</v></c>',
        "json": lambda value: _text(as_json(value)),
    }


def _line(row: Iterable[str | None]) -> str:
    return f"<row>{''.join(cell or '<c/>' for cell in row)}</row>"


def _text(value: str) -> str:
    text = _cut(defused(value[:LONGEST_TEXT]))
    if _SPECIAL.search(text):
        text = escape(_CODED.sub("_x005F_", _LACKING.sub("", text)))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _cut(text: str) -> str:
    if len(text) <= LONGEST_TEXT // 2:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * LONGEST_TEXT].decode("utf-16-le", "ignore")


def _value(number: object, style: int = 0) -> str:
    return f'<c s="{style}"><v>{number}</v></c>'


def _moment(at: datetime) -> str:
    is_countable = at.date() >= _FIRST_DAY
    return _value(_days(at), INSTANT) if is_countable else _text(at.isoformat(" ", "seconds"))


def _days(at: datetime) -> float:
    """Return a clock's reading as days since the begin of the calendar, to the second."""
    seconds = at.hour * 3600 + at.minute * 60 + at.second
    return (at.date() - _BEGIN).days + round(seconds / 86_400, 8)


def _join(file: IO[bytes], columns: Sequence[Column], zone: str, pieces: Sequence[Piece]) -> None:
    head = sheet_head(columns, "".join(_bold(heading(column, zone)) for column in columns))
    of_sheets = [list(group) for _, group in groupby(pieces, key=lambda piece: piece.sheet)] or [[]]
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_QUICK) as archive:
        for number, group in enumerate(of_sheets, start=1):
            is_huge = sum(piece.size for piece in group) > _HUGE
            with archive.open(_entry(sheet_path(number)), "w", force_zip64=is_huge) as sheet:
                sheet.write(head)
                for piece in group:
                    sheet.writelines(piece.data)
                sheet.write(SHEET_END)
        for name, text in frame(len(of_sheets)).items():
            archive.writestr(_entry(name), text)


def _bold(text: str) -> str:
    return f'<c s="{BOLD}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _SMALLEST_STAMP)
    entry.compress_type = ZIP_DEFLATED
    return entry


SHEET = Format("xlsx", "Excel", CONTENT_TYPE, _encoder, _join, MOST_ROWS)
