"""A text that a spreadsheet would compute becomes one that it shows."""

from __future__ import annotations

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # with which Excel and its kin begin a formula
_DEFUSED = tuple(f"'{start}" for start in STARTS)


def defused(text: str) -> str:
    """Return `text` with an apostrophe in front if it begins like a formula (OWASP: CSV injection)."""
    return f"'{text}" if text.startswith(STARTS) else text


def meant(text: str) -> str:
    """Return what `defused` was given, so that a file of ours that is taken in again changes nothing."""
    return text[1:] if text.startswith(_DEFUSED) else text
