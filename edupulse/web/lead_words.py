"""How long before an event people are reminded: typed in words, kept in minutes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from edupulse.errors import Invalid

CHOICES = (10, 15, 30, 60, 120, 1_440, 2_880, 10_080)  # minutes offered as boxes
UNITS = {
    "m": 1,
    "min": 1,
    "minute": 1,
    "h": 60,
    "hour": 60,
    "d": 1_440,
    "day": 1_440,
    "w": 10_080,
    "week": 10_080,
}

_ONE = re.compile(r"(\d{1,5})\s*([a-z]*)")


def read_leads(chosen: Iterable[str], typed: str) -> list[int]:
    """Return the minutes of the boxes and of words such as "45 minutes, 3 days"; raises Invalid."""
    minutes = [int(box) for box in chosen if box.isascii() and box.isdecimal() and len(box) < 6]
    for words in re.split(r"[,;\n]|\band\b", typed.lower()):
        if words.strip():
            minutes.append(_minutes(words.strip()))
    return list(dict.fromkeys(minutes))


def other_leads(leads: Iterable[int]) -> str:
    """Return the leads that are not among the boxes, in words that `read_leads` reads."""
    return ", ".join(lead(minutes) for minutes in leads if minutes not in CHOICES)


def lead(minutes: int) -> str:
    """Return a lead in its largest whole unit: 15 is "15 minutes", 1440 "1 day"."""
    sizes = ((10_080, "week"), (1_440, "day"), (60, "hour"), (1, "minute"))
    size, unit = next((size, unit) for size, unit in sizes if minutes % size == 0 and minutes >= size)
    return f"{minutes // size} {unit}{'s' if minutes > size else ''}"


def _minutes(words: str) -> int:
    found = _ONE.fullmatch(words)
    unit = found[2].removesuffix("s") or "m" if found else ""
    if not found or unit not in UNITS:
        raise Invalid(
            f"“{words[:40]}” is not a time before an event.",
            cure="Write for example 45 minutes, 3 hours or 2 days.",
            field="leads",
        )
    return int(found[1]) * UNITS[unit]
