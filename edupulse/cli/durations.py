"""Durations as people type them: 90s, 10m, 2h, 1d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=3660)  # ten years: beyond it somebody has mistyped


class Duration(click.ParamType[timedelta]):
    """A number and a unit."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,9})([smhd])", str(value).strip().lower())
        length = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else None
        if length is None or length > LONGEST:
            self.fail(f"{value!r} is not a duration. Examples: 90s, 10m, 2h, 1d.", param, ctx)
        return length


DURATION = Duration()
