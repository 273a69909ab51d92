"""A day as people type it: 2026-03-31, today, tomorrow, or +14 for so many days from now."""

from __future__ import annotations

import re
from datetime import date, timedelta

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.errors import Invalid
from edupulse.walltime import to_local

_NEAR = {"yesterday": -1, "today": 0, "tomorrow": 1}
_AWAY = re.compile(r"[+-]\d{1,4}")


def day(text: str, field: str) -> date:
    """Return the day that was typed, by the organisation's clock; raises Invalid naming `field`."""
    said = text.strip().lower()
    today = to_local(now(), current_settings().timezone).date()
    if said in _NEAR or _AWAY.fullmatch(said):
        return today + timedelta(days=_NEAR[said] if said in _NEAR else int(said))
    try:
        return date.fromisoformat(said)
    except ValueError:
        cure = "Write 2026-03-31, today, tomorrow, or +14 for so many days from now."
        raise Invalid(f"“{text[:40]}” is not a day.", cure=cure, field=field) from None
