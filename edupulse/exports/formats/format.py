"""What every kind of file has: how rows are written, how many belong together, and how the pieces are joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from edupulse.exports.table import Column

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True)
class Piece:
    """Rows that are written already; `data` reads them when it is asked for."""

    sheet: int  # on which they stand, from 0
    size: int  # bytes
    data: Iterator[bytes]


@dataclass(frozen=True)
class Format:
    """One kind of file. An encoder is made once for a table and called with a few rows at a time."""

    name: str
    title: str
    content_type: str
    encoder: Callable[[Sequence[Column], str], Callable[[Rows], bytes]]  # of the columns, and the zone's name
    join: Callable[[IO[bytes], Sequence[Column], str, Sequence[Piece]], None]
    most_rows: int | None = None  # of one sheet; no piece reaches across two
