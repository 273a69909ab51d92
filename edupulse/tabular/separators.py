"""Which character parts the cells of a table: the one that gives clean addresses and rows of one length."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable
from itertools import islice

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab"}
_SAMPLE = 50  # rows
_LONGEST_SAMPLE = 100_000  # characters
_TOLD = re.compile(r"sep=(?P<separator>[,;\t])\s*", re.IGNORECASE)  # a first line that Excel writes and hides
_ADDRESS = re.compile(r"(?:[^<>@]*<)?[^\s,;<>\"'@]+@[^\s,;<>\"'@]+\.[^\s,;<>\"'@]+>?")


def told_separator(first_line: str) -> str | None:
    """Return the separator that the first line names ("sep=;"), None if it is an ordinary line."""
    found = _TOLD.fullmatch(first_line)
    return found["separator"] if found else None


def separator_of(lines: list[str], is_heading: Callable[[str], object]) -> str:
    """Return the separator of the table that begins with `lines`; a comma where nothing is parted.

    `is_heading` says whether a cell is a heading that the reader understands.
    """
    sample = _sample(lines)
    return max(SEPARATORS, key=lambda separator: _score(sample, separator, is_heading))


def looks_like_address(cell: str) -> bool:
    """Say whether a cell is an address, or `Name <address>`, and nothing else; it may still be a wrong one."""
    return _ADDRESS.fullmatch(cell.strip()) is not None


def _sample(lines: list[str]) -> list[str]:
    some, size = [], 0
    for line in islice(lines, _SAMPLE):
        size += len(line)
        if size > _LONGEST_SAMPLE:
            break
        some.append(line)
    return some


def _score(sample: list[str], separator: str, is_heading: Callable[[str], object]) -> tuple[int, int, int]:
    """Return (cells understood, rows of the usual length, that length): the higher, the better the guess."""
    try:
        rows = [row for row in csv.reader(sample, delimiter=separator) if row]
    except csv.Error:
        return 0, 0, 0
    understood = sum(1 for row in rows if any(looks_like_address(cell) for cell in row))
    understood += sum(1 for cell in rows[0] if is_heading(cell)) if rows else 0
    usual, count = Counter(len(row) for row in rows).most_common(1)[0] if rows else (0, 0)
    return understood, count if usual > 1 else 0, usual
