"""An instant as people type it, on the organisation's clock: 2026-03-12 18:30, 18:30 alone, or 2h for "ago"."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, time, timedelta

from edupulse.cli.durations import duration
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.walltime import to_local, to_utc

Nearest = Callable[[time, datetime], datetime]


def instant(text: str) -> datetime:
    """Return the aware instant that was typed, a time alone is the next one; one with an offset (…+08:00) is taken
    as it is. Raises Invalid."""
    return _instant(text, _next)


def earlier(text: str, field: str = "since") -> datetime:
    """Return the aware instant that was typed: how long ago (90s, 2h, 7d), a day, or a time, the last one that was.

    Raises Invalid naming `field`.
    """
    ago = duration(text)
    if ago is not None:
        return now() - ago
    try:
        return _instant(text, _last)
    except Invalid:
        cure = "Write how long ago (90s, 2h, 7d), a day (2026-03-12) or a time (2026-03-12 18:30)."
        raise Invalid(f"“{text[:40]}” is not a time.", cure=cure, field=field) from None


def wall_time(text: str, field: str) -> datetime:
    """Return a naive time as it stands on some event's clock; a day alone is its midnight. Raises Invalid."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        cure = "Write 2026-03-12 18:30, of an all-day event 2026-03-12."
        raise Invalid(f"“{text[:40]}” is not a time.", cure=cure, field=field) from None


def _instant(text: str, nearest: Nearest) -> datetime:
    zone = current_settings().timezone
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        return to_utc(nearest(_clock_time(text), to_local(now(), zone)), zone)
    return typed if typed.tzinfo else to_utc(typed, zone)


def _clock_time(text: str) -> time:
    with suppress(ValueError):
        typed = time.fromisoformat(text.strip())
        if typed.tzinfo is None:  # an offset says nothing without a day
            return typed
    raise Invalid(f"“{text[:40]}” is not a time.", cure="Write 2026-03-12 18:30, or 18:30 alone.", field="at")


def _next(wanted: time, local: datetime) -> datetime:
    today = datetime.combine(local.date(), wanted)
    return today if today > local.replace(tzinfo=None) else today + timedelta(days=1)


def _last(wanted: time, local: datetime) -> datetime:
    today = datetime.combine(local.date(), wanted)
    return today if today <= local.replace(tzinfo=None) else today - timedelta(days=1)
