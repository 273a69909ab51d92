"""Durations as people type them: 90s, 10m, 2h, 1d; and as they read them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=3660)  # ten years: beyond it somebody has mistyped
SIZES = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


class Duration(click.ParamType[timedelta]):
    """A number and a unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        length = duration(str(value))
        if length is None:
            self.fail(f"{value!r} is not a duration. Examples: 90s, 10m, 2h, 1d.", param, ctx)
        return length


DURATION = Duration()


def duration(text: str) -> timedelta | None:
    """Return the length that was typed, or none where it is no duration."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text.strip().lower())
    length = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
    return length if length is not None and length <= LONGEST else None


def span(seconds: float) -> str:
    """Return a length for people in its two largest units: 0.25 is "250 ms", 200 "3m 20s", 90000 "1d 1h"."""
    if seconds < 0.9995:
        return f"{max(seconds, 0) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    at = next(at for at, (size, _) in enumerate(SIZES) if whole >= size)
    parts, rest = [], whole
    for size, unit in SIZES[at : at + 2]:
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    return " ".join(parts)
