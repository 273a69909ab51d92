"""Text loses what no database takes and no reader sees: NUL, lone surrogates, control and direction characters."""

from __future__ import annotations

import re

_LINE_ENDS = re.compile(r"\r+\n?")
# All control characters of ASCII but tab and line feed, DEL and the C1 ones. PostgreSQL takes no NUL, the others would
# steer a terminal.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]+")
_BREAK = re.compile("[\r\n\x0b\x0c\x85]+")
# They show a text in another order than it has: an `exe` that reads as a `pdf` (Unicode TR 36 3.1).
_DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HALVES = re.compile("[\ud800-\udfff]")  # of pairs in UTF-16: no database takes one alone


def text(value: str) -> str:
    """Return lines of text with single line feeds."""
    if "\r" in value:
        value = _LINE_ENDS.sub("\n", value)
    return _fit(value)


def line(value: str, most: int) -> str:
    """Return one line without runs of spaces, of at most `most` characters."""
    return " ".join(_fit(_BREAK.sub(" ", value[: most * 4])).split())[:most].rstrip()


def label(value: str, most: int) -> str:
    """Return a line whose characters also stand in the order in which they are read: for names."""
    return line(_DIRECTIONS.sub("", value[: most * 4]), most)


def _fit(value: str) -> str:
    value = _CONTROL.sub("", value)
    return value if value.isascii() else _HALVES.sub("\ufffd", value)
