"""The list of 56 faults that a sender must bear: each has a test that names its row, so that the list cannot rot.

What each row asks for is in the names of its tests: `grep -rn row_44_ tests`. XOAUTH2, of which row 10 speaks too, is
not spoken here; a login that the provider has ended pauses the account with its cause.
"""

from __future__ import annotations

import re
from pathlib import Path

ROWS = set(range(1, 57))
_NAME = re.compile(r"(?:def test_|id=\"|ids=\[\"|, \")rows?_(\d+)((?:_(?:and|to)_\d+)*)_")


def rows_of(name: re.Match[str]) -> set[int]:
    """Return the rows that a test's name speaks of: `row_5_`, `rows_29_and_30_`, `rows_2_to_4_`."""
    rows, last = {int(name[1])}, int(name[1])
    for word, number in re.findall(r"_(and|to)_(\d+)", name[2]):
        rows |= set(range(last, int(number) + 1)) if word == "to" else {int(number)}
        last = int(number)
    return rows


def test_every_fault_of_the_list_has_a_test_that_names_its_row() -> None:
    files = Path(__file__).parent.parent.rglob("test_*.py")

    found = {row for file in files for name in _NAME.finditer(file.read_text()) for row in rows_of(name)}

    assert sorted(ROWS - found) == []
    assert sorted(found - ROWS) == []
