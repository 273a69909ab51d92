"""The start of a period as people and programs write it becomes a day or an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime

from edupulse.errors import Invalid
from edupulse.walltime import exists, to_local, to_utc


def day_of(written: str, zone_name: str) -> date:
    """Return the day that a start names, "2026-03-12", or in which its instant lies. Raises Invalid."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _no_start(written, "Write a day as 2026-03-12, or a month as 2026-03.") from None
    return (at if at.tzinfo is None else to_local(at, zone_name)).date()


def instant_of(written: str, zone_name: str) -> datetime:
    """Return the instant that the start of an hour names, "2026-03-12T09". Raises Invalid."""
    cure = "Write an hour as 2026-03-12T09."
    if len(written) <= len("2026-03-12"):
        raise _no_start(written, cure)
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise _no_start(written, cure) from None
    if at.tzinfo is not None:
        return _in_utc(at, written)
    if not exists(at, zone_name):
        raise _no_start(written, "The clock skips this hour: choose the next one.")
    return to_utc(at, zone_name)


def _in_utc(at: datetime, written: str) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:  # before the year 1 or behind 9999
        raise _no_start(written, "Choose a later or an earlier year.") from None


def _no_start(written: str, cure: str) -> Invalid:
    return Invalid(f"“{written[:40]}” is no start of a period.", cure=cure, field="start")
