"""What a person entered of a bill becomes what is stored: each field checked, all refusals told at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.finance.money import check_currency, checked_amount

LONGEST = {"number": 60, "title": 200, "note": 2000, "reference": 120, "reason": 300}  # characters
FIRST_YEAR, LAST_YEAR = 1990, 2199  # beyond them somebody slipped

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # all but tab and line feed
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")  # invisible marks that turn the rest of a line around


@dataclass(frozen=True)
class NewBill:
    """A bill as entered; the amount is in whole minor units of its currency."""

    person_id: int
    title: str
    amount_minor: int
    due_on: date
    currency: str = ""  # empty: the organisation's
    number: str = ""  # empty: the next one
    issued_on: date | None = None  # none: today, or the due date if that is earlier
    note: str = ""
    remind: bool = True


def checked(fields: NewBill, today: date) -> NewBill:
    """Return the bill cleaned and complete, but for its number. Raises Invalid naming the fields."""
    checks: dict[str, Callable[[], Any]] = {
        "title": lambda: one_line(fields.title, "title", is_needed=True),
        "amount": lambda: checked_amount(fields.amount_minor),
        "due_on": lambda: checked_day(fields.due_on, "due_on"),
        "currency": lambda: check_currency(fields.currency or current_settings().currency),
        "number": lambda: one_line(fields.number, "number"),
        "issued_on": lambda: _issued(fields, today),
        "note": lambda: text(fields.note, "note"),
    }
    values, refused = {}, {}
    for name, check in checks.items():
        try:
            values[name] = check()
        except Invalid as error:
            refused[str(error.facts.get("field") or name)] = str(error)
    if refused:
        raise Invalid(" ".join(refused.values()), field=next(iter(refused)), fields=refused)
    return replace(fields, amount_minor=values.pop("amount"), **values)


def checked_day(day: date, field: str) -> date:
    """Return a day that can be one of a bill or payment. Raises Invalid."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Invalid(f"The year {day.year} cannot be right.", cure="Look at the date.", field=field)
    return day


def one_line(written: str, field: str, *, is_needed: bool = False) -> str:
    """Return text for one line, with single spaces. Raises Invalid."""
    line = text(" ".join(_TURNING.sub("", written).split()), field)
    if is_needed and not line:
        raise Invalid(f"The {field} is missing.", cure="Say in a few words what it is for.", field=field)
    return line


def text(written: str, field: str) -> str:
    """Return text that a mail and a database can carry. Raises Invalid."""
    plain = written.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _CONTROL.search(plain):
        raise Invalid(f"The {field} has a control character.", cure="Type it anew.", field=field)
    if len(plain) > LONGEST[field]:
        raise Invalid(
            f"The {field} has {len(plain):,} characters; {LONGEST[field]:,} are possible.",
            cure="Shorten it.",
            field=field,
        )
    return plain


def _issued(fields: NewBill, today: date) -> date:
    if fields.issued_on is None:
        return min(today, fields.due_on)
    if fields.issued_on > fields.due_on:
        raise Invalid("It is due before it was issued.", cure="Look at both dates.", field="due_on")
    return checked_day(fields.issued_on, "issued_on")
