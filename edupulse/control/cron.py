"""A cron expression of five fields is checked here, field by field, and becomes the local times that match.

Standard cron, nothing beside it: numbers, names, `*`, lists, ranges, steps, and L for a month's last day.
Where both day and weekday are chosen, either is enough, as cron has always read them (crontab(5)). croniter
does the walking; the check refuses what it reads otherwise than people mean: `9-9` (to croniter every hour),
a step over a range that runs backwards, `*/n` in one day field beside a choice in the other.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from croniter import CroniterBadDateError, CroniterError, croniter

from edupulse.errors import Invalid

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ITEM = re.compile(r"(?:\*|(?P<low>\w+)(?:-(?P<high>\w+))?)(?:/(?P<step>[0-9]{1,4}))?", re.ASCII)
BETWEEN_BLANKS = re.compile(r"[^ \t]+")
LAST_DAY = "l"
LONGEST = 200  # characters; a longer one is a mistake
START = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # any local time does: each walk sets its own


@dataclass(frozen=True)
class Field:
    """One column: its name, its smallest and greatest number, and the words that stand for numbers."""

    name: str
    low: int
    high: int
    words: dict[str, int]


FIELDS = (
    Field("minute", 0, 59, {}),
    Field("hour", 0, 23, {}),
    Field("day", 1, 31, {}),
    Field("month", 1, 12, {word: number for number, word in enumerate(MONTHS, start=1)}),
    Field("weekday", 0, 7, {word: number for number, word in enumerate(WEEKDAYS)}),
)


def matching(expression: str, after: datetime) -> Iterator[datetime]:
    """Yield the naive local times that match, strictly later than the minute of `after`, in order.

    Raises Invalid where the expression cannot be read, or names no date within 50 years.
    """
    walk = copy.copy(
        _parsed(expression)
    )  # shares what was parsed, which it only reads; its position is its own
    walk.set_current(after)
    try:
        while True:
            yield walk.get_next(datetime)
    except CroniterBadDateError as never:
        message = f'The cron expression "{expression}" names no date that ever comes.'
        raise Invalid(message, cure="Choose a day that the month has.", field="cron") from never


def numbers(expression: str) -> list[list[int | str] | None]:
    """Return the numbers that each field stands for, in order ("l": the month's last day), None where all."""
    columns = _parsed(expression).expanded
    return [None if column == ["*"] else sorted(column, key=_numbers_first) for column in columns]


def check(expression: str) -> None:
    """Raise Invalid, naming the field and what it takes, unless this is a cron expression."""
    columns = BETWEEN_BLANKS.findall(expression)
    if len(expression) > LONGEST or len(columns) != len(FIELDS):
        message = f'The cron expression "{expression[:LONGEST]}" does not have five fields.'
        raise Invalid(
            message, cure='Write "minute hour day month weekday", such as "30 2 * * *".', field="cron"
        )
    for field, text in zip(FIELDS, columns, strict=True):
        _check_column(field, text)
    _check_day_and_weekday(columns[2], columns[4])


def _check_column(field: Field, text: str) -> None:
    for item in text.split(","):
        if field.name == "day" and item.lower() == LAST_DAY:
            continue
        found = ITEM.fullmatch(item)
        if not found or not _is_usable(field, found):
            raise _refusal(field, item)


def _is_usable(field: Field, item: re.Match[str]) -> bool:
    """Say whether an item is a number, a range or a star of this field, its step at home in a range."""
    if item["step"] and not 1 <= int(item["step"]) <= field.high:
        return False
    if item["low"] is None:
        return True
    low = _number(field, item["low"])
    if item["high"] is None:
        return low is not None and not item["step"]
    high = _number(field, item["high"])
    return low is not None and high is not None and _is_a_range(field, low, high, bool(item["step"]))


def _is_a_range(field: Field, low: int, high: int, has_step: bool) -> bool:
    """Say whether two ends make a range; one that runs backwards (FRI-MON) goes over the end of the week."""
    both_sunday = field.name == "weekday" and (low, high) == (7, 0)
    return low < high or (low > high and not has_step and not both_sunday)


def _number(field: Field, text: str) -> int | None:
    """Return the number that `text` stands for in this field, None if there is none."""
    number = int(text) if re.fullmatch("[0-9]{1,2}", text) else field.words.get(text.lower(), -1)
    return number if field.low <= number <= field.high else None


def _refusal(field: Field, item: str) -> Invalid:
    low, high = field.low, field.high
    cure = (
        f"Use *, a number from {low} to {high}, a rising range such as {low}-{high}, or a step such as */2."
    )
    return Invalid(f'The cron field "{field.name}" cannot be "{item}".', cure=cure, field="cron")


def _check_day_and_weekday(day: str, weekday: str) -> None:
    if "*" not in (day, weekday) and (day.startswith("*") or weekday.startswith("*")):
        message = f'Cron programs read the day "{day}" beside the weekday "{weekday}" in different ways.'
        raise Invalid(
            message, cure="List the days instead of a step, or leave one of the two at *.", field="cron"
        )


@lru_cache(maxsize=1024)
def _parsed(expression: str) -> Any:  # croniter carries no types
    check(expression)
    try:
        return croniter(expression, START)
    except CroniterError as unreadable:
        message = f'"{expression}" is not a cron expression.'
        raise Invalid(message, cure='Write five fields, such as "30 2 * * *".', field="cron") from unreadable


def _numbers_first(value: int | str) -> tuple[bool, int]:
    return (True, 0) if isinstance(value, str) else (False, value)
