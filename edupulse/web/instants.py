"""Instants and lengths as fields of forms send and show them, on the organisation's clock."""

from __future__ import annotations

from datetime import UTC, datetime

from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.walltime import to_local, to_utc


def instant(text: str, field: str) -> datetime | None:
    """Return the aware instant that a field sent, None for an empty one; raises Invalid naming the field.

    Without an offset it is on the organisation's clock, as a field for day and time sends it.
    """
    if not text.strip():
        return None
    try:
        typed = datetime.fromisoformat(text.strip())
        return typed.astimezone(UTC) if typed.tzinfo else to_utc(typed, current_settings().timezone)
    except (ValueError, OverflowError):
        raise Invalid(
            f"“{text[:40]}” is not a day and a time.", cure="Write 2026-03-12T18:30.", field=field
        ) from None


def field_value(at: datetime | None) -> str:
    """Return what a field for day and time shows for `at`: "2026-03-12T18:30"."""
    if at is None:
        return ""
    local = to_local(at, current_settings().timezone)
    return local.isoformat(timespec="seconds" if local.second else "minutes")


def whole(text: str, what: str, field: str) -> int | None:
    """Return the whole number that a field sent, None for an empty one; raises Invalid naming the field."""
    digits = text.strip()
    if not digits:
        return None
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 10):
        raise Invalid(f"{what} must be a whole number.", cure="Write digits alone.", field=field)
    return int(digits)
