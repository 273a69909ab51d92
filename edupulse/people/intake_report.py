"""What taking a file in did, or would do, told line by line where something is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from edupulse.people.headings import Column
from edupulse.tabular.formulas import defused

MOST_PROBLEMS = 10_000  # that are kept; the number of rejected lines is always the whole
SHOWN_LINES = 20  # of what would come in, for the eye
HEADINGS = ("Line", "Problem", "Text")


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of a file that cannot be used: as it was written, and why.

    `cause` is the field that is wrong, or a word for what else is: ambiguous, contradiction, twin; else empty.
    """

    line: int
    text: str
    problem: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one line: added, changed or same; `differs` names what was changed."""

    line: int
    what: str
    name: str
    email: str
    external_id: str
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class IntakeReport:
    """Of the lines that were read: read = added + changed + same + rejected."""

    read: int
    added: int
    changed: int
    same: int
    rejected: int
    problems: tuple[Problem, ...]
    columns: tuple[Column, ...]
    first: tuple[Taken, ...] = ()  # the first that are added or changed
    recognised: str = ""  # what kind of file it is, e.g. "CSV, UTF-8, semicolon"


def problems_as_csv(problems: Sequence[Problem], *, rejected: int) -> bytes:
    """Return rejected lines as CSV that no spreadsheet computes; `rejected` is how many there are in all."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(HEADINGS)
    for each in problems:
        table.writerow((each.line, defused(each.problem), defused(each.text)))
    if rejected > len(problems):
        table.writerow(("", f"{rejected - len(problems):,} more lines were rejected.", ""))
    return written.getvalue().encode("utf-8-sig")
