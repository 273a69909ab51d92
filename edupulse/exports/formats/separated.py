"""Rows become CSV: for spreadsheets, so UTF-8 with its mark, local times, and nothing that computes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import IO

from edupulse.exports.cells import Write, as_json, cells, heading, on_the_clock
from edupulse.exports.formats.format import Format, Piece, Rows
from edupulse.exports.table import Column
from edupulse.tabular.formulas import defused

MARK = b"\xef\xbb\xbf"  # by which Excel tells UTF-8 from the letters of its country


def _encoder(columns: Sequence[Column], zone: str) -> Callable[[Rows], bytes]:
    of_row = cells(columns, _writers(zone), str)

    def encode(rows: Rows) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(map(of_row, rows))
        return text.getvalue().encode("utf-8", "replace")

    return encode


def _writers(zone: str) -> dict[str, Write]:
    local = on_the_clock(zone)
    return {
        "text": lambda value: defused(value.replace("\0", "")),
        "instant": lambda at: _reading(local(at)),
        "wall": _reading,
        "day": date.isoformat,
        "yes": lambda value: "true" if value else "false",
        "json": lambda value: defused(as_json(value)),
    }


def _reading(at: datetime) -> str:
    return at.isoformat(" ", "seconds")


def _join(file: IO[bytes], columns: Sequence[Column], zone: str, pieces: Sequence[Piece]) -> None:
    names = io.StringIO(newline="")
    csv.writer(names).writerow([heading(column, zone) for column in columns])
    file.write(MARK + names.getvalue().encode())
    for piece in pieces:
        file.writelines(piece.data)


SEPARATED = Format("csv", "CSV", "text/csv; charset=utf-8", _encoder, _join)
