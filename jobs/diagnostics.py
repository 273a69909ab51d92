"""Jobs that show whether the engine turns."""

from __future__ import annotations

from edupulse.control.workers import current_worker_name
from jobs.recorded import recorded


@recorded
def ping(note: str = "") -> dict[str, str]:
    """Answer with the worker's name."""
    return {"pong": current_worker_name(), "note": note}
