"""The text of a table becomes records, each with its line in the file; one open quotation mark costs one line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES_OF_A_RECORD = 100  # a cell with more line breaks is a quotation mark that was never closed
UNCLOSED = (
    "A quotation mark is opened here and not closed. Close it, or write it twice to mean the mark itself."
)
TOO_LONG = "This line is too long for a row of a table."


@dataclass(frozen=True, slots=True)
class Record:
    """One row: where it begins (from 1, as an editor counts), its cells, how it was written, what is wrong with it."""

    line: int
    cells: list[str]
    text: str
    problem: str = ""


def records_of(lines: list[str], separator: str) -> Iterator[Record]:
    """Read `lines` (with their ends) as RFC 4180 does, and more leniently; empty rows are left out.

    A record that cannot be read has a problem, and reading goes on with the next line.
    """
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=separator)
    while feed.at < len(lines):
        begin = feed.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_UnclosedMark, csv.Error) as error:
            yield _broken(lines, begin, UNCLOSED if isinstance(error, _UnclosedMark) else TOO_LONG)
            feed.at, reader = begin + 1, csv.reader(feed, delimiter=separator)
            continue
        if any(cell and not cell.isspace() for cell in cells):
            yield Record(begin + 1, cells, "".join(lines[begin : feed.at]).rstrip("\r\n"))


def lines_of(text: str) -> list[str]:
    """Return the lines of `text` with their ends, parted at LF, CR or CRLF and nowhere else."""
    return list(io.StringIO(text, newline=""))


class _UnclosedMark(Exception):
    """A record asks for more lines than any record has, or for one after the last."""


class _Feed(Iterator[str]):
    """Hands lines to the reader and knows how far it is; the reader asks again only inside a quoted cell."""

    def __init__(self, lines: list[str]) -> None:
        self.lines, self.at, self._begin = lines, 0, 0

    def begin(self) -> int:
        self._begin = self.at
        return self.at

    def __next__(self) -> str:
        at = self.at
        if at >= len(self.lines) or at - self._begin >= MOST_LINES_OF_A_RECORD:
            raise _UnclosedMark
        self.at = at + 1
        return self.lines[at]


def _broken(lines: list[str], at: int, problem: str) -> Record:
    return Record(at + 1, [], lines[at].rstrip("\r\n"), problem)
