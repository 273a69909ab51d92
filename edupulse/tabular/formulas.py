"""A text that a spreadsheet would compute becomes one that it shows."""

from __future__ import annotations

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "＝",
    "＋",
    "－",
    "＠",
)  # with which Excel and its kin begin a formula


def defused(text: str) -> str:
    """Return `text` with an apostrophe in front if it begins like a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(STARTS) else text
