"""An instant as people type it, on the organisation's clock: 2026-03-12 18:30, or 18:30 for the next one."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.walltime import to_local, to_utc


def instant(text: str) -> datetime:
    """Return the aware instant that was typed; one with an offset (…+08:00) is taken as it is. Raises Invalid."""
    zone = current_settings().timezone
    try:
        typed = datetime.fromisoformat(text.strip())
    except ValueError:
        return to_utc(_next(_clock_time(text), to_local(now(), zone)), zone)
    return typed if typed.tzinfo else to_utc(typed, zone)


def _clock_time(text: str) -> time:
    try:
        return time.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(
            f"“{text[:40]}” is not a time.", cure="Write 2026-03-12 18:30, or 18:30 alone.", field="at"
        ) from None


def _next(wanted: time, local: datetime) -> datetime:
    today = datetime.combine(local.date(), wanted)
    return today if today > local.replace(tzinfo=None) else today + timedelta(days=1)
