"""Days without an hour, as people write them on paper: 2026-03-16."""

from __future__ import annotations

from datetime import date
from typing import Annotated, NoReturn

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

FORM = r"^\d{4}-\d{2}-\d{2}$"
EXAMPLE = "2026-03-16"
FIRST_YEAR, LAST_YEAR = 1970, 2199  # so far from the ends of the calendar that no offset falls off it


def read_day(value: object) -> date:
    """Return the day that an ISO 8601 text names."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or len(value) != len(EXAMPLE):
        _refuse(f"must be a day, such as {EXAMPLE}")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        _refuse(f"must be a day, such as {EXAMPLE}")
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        _refuse(f"must be a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def _refuse(words: str) -> NoReturn:
    raise PydanticCustomError("day", "{words}", {"words": words})


Day = Annotated[
    date,
    BeforeValidator(read_day),
    WithJsonSchema({"type": "string", "format": "date", "pattern": FORM, "examples": [EXAMPLE]}),
]
