"""Values become what stands in a file: days and times as people or machines read them, amounts to the cent."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from edupulse.exports.table import Column

Write = Callable[[Any], Any]


def heading(column: Column, zone: str) -> str:
    """Return a column's heading: its name, and of an instant the zone in which it is written."""
    return f"{column.name} ({zone})" if column.kind == "instant" else column.name


def on_the_clock(zone: str) -> Callable[[datetime], datetime]:
    """Return what turns an instant into what the clock of `zone` reads."""
    place = ZoneInfo(zone)
    return lambda at: at.astimezone(place).replace(tzinfo=None)


def in_utc(at: datetime) -> str:
    """Return an instant as machines read it: 2026-03-12T09:00:00.5Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def as_json(value: Any) -> str:
    """Return a stored object as one line."""
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def amount(minor: int, currency: str) -> str:
    """Return minor units in the currency's own: 1250 EUR are "12.50", 1250 JPY "1250". Never by floating point."""
    places = _places(currency)
    sign, digits = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def cells(
    columns: Sequence[Column], write: dict[str, Write], money: Write
) -> Callable[[Sequence[Any]], list[Any]]:
    """Return what makes the cells of a row; `write` has a function for each kind, `money` takes the amount's text.

    What is empty stays None. It is called for each of a million rows.
    """
    writers = [write.get(column.kind, _same) for column in columns]
    amounts = [at for at, column in enumerate(columns) if column.kind == "money"]
    currency = next((at for at, column in enumerate(columns) if column.name == "currency"), 0)

    def of_row(row: Sequence[Any]) -> list[Any]:
        made = [None if value is None else writer(value) for writer, value in zip(writers, row, strict=False)]
        for at in amounts:
            made[at] = money(amount(row[at], row[currency]))
        return made

    return of_row


@cache
def _places(currency: str) -> int:
    return get_currency_precision(currency)


def _same(value: Any) -> Any:
    return value
