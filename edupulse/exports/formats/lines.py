"""Rows become JSON lines: for programs, so values as they are, instants in UTC, amounts as texts to the cent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import IO

from edupulse.exports.cells import Write, cells, in_utc
from edupulse.exports.formats.format import Format, Piece, Rows
from edupulse.exports.table import Column

_WRITERS: dict[str, Write] = {"instant": in_utc, "wall": datetime.isoformat, "day": date.isoformat}


def _encoder(columns: Sequence[Column], zone: str) -> Callable[[Rows], bytes]:
    of_row, names = cells(columns, _WRITERS, str), [column.name for column in columns]
    line = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def encode(rows: Rows) -> bytes:
        written = [line(dict(zip(names, of_row(row), strict=True))) for row in rows]
        return "".join(f"{each}\n" for each in written).encode("utf-8", "replace")

    return encode


def _join(file: IO[bytes], columns: Sequence[Column], zone: str, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        file.writelines(piece.data)


LINES = Format("jsonl", "JSON lines", "application/jsonl; charset=utf-8", _encoder, _join)
