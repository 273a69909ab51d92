"""Times on the clock of an event's own zone: without an offset, because the wall clock is what people agreed on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NoReturn

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from edupulse.reminders.drafts import FIRST_YEAR, LAST_YEAR

FORM = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?$"
EXAMPLE = "2026-03-16T10:00:00"


def read_wall_time(value: object) -> datetime:
    """Return the naive time that an ISO 8601 text without an offset names; a date alone is its midnight."""
    if not isinstance(value, str):
        _refuse(f"write a text such as {EXAMPLE}")
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        _refuse(f"write a time on the clock of the event's zone, such as {EXAMPLE}")
    if at.tzinfo is not None:
        _refuse(f"write it without an offset, on the clock of the event's zone, such as {EXAMPLE}")
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        _refuse(f"choose a year from {FIRST_YEAR} to {LAST_YEAR}")
    return at


def _refuse(words: str) -> NoReturn:
    raise PydanticCustomError("wall_time", "{words}", {"words": words})


WallTime = Annotated[
    datetime,
    BeforeValidator(read_wall_time),
    WithJsonSchema({"type": "string", "pattern": FORM, "examples": [EXAMPLE]}),
]
