"""Pasted lines become people: `Ann <ann@school.example>`, one a line, or as they stand in a mail's "To" field."""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.campaigns.people.entries import Entry, Rejected, entry_or_reason
from edupulse.mail.people import Person
from edupulse.tabular.records import lines_of


def entries_of_lines(text: str) -> Iterator[Entry | Rejected]:
    """Read who stands in `text`; a name goes before the address, which is in angle brackets then."""
    for number, line in enumerate(lines_of(text), start=1):
        for piece in _pieces(line.strip()):
            yield entry_or_reason(Person(piece), number, piece)


def _pieces(line: str) -> list[str]:
    """Part a line at semicolons, and at commas where each part has an address: a comma may be part of a name."""
    pieces = line.split(";")
    if len(pieces) == 1 and all("@" in piece for piece in line.split(",")):
        pieces = line.split(",")
    return [piece.strip() for piece in pieces if piece.strip()]
