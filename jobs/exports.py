"""Jobs of exports."""

from __future__ import annotations

from typing import Any

from edupulse.clock import now
from edupulse.exports import expiry, writing
from jobs.recorded import recorded


@recorded
def export_data(export_id: int) -> dict[str, Any]:
    """Write one table into the file that somebody asked for."""
    return writing.write(export_id, now())


@recorded
def expire() -> dict[str, int]:
    """Delete files whose time is over."""
    return expiry.expire(now())
