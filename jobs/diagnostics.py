"""Jobs that show whether the engine turns."""

from __future__ import annotations

from typing import Annotated

from edupulse.control.catalog import Check
from edupulse.control.workers import current_worker_name
from edupulse.upkeep import rehearsal
from jobs.recorded import recorded

Seconds = Annotated[int, Check(rehearsal.check_seconds)]
Steps = Annotated[int, Check(rehearsal.check_steps)]


@recorded
def ping(note: str = "") -> dict[str, str]:
    """Answer with the worker's name."""
    return {"pong": current_worker_name(), "note": note}


@recorded
def long_running(seconds: Seconds = 10, steps: Steps = 10, fail_at: int = 0) -> dict[str, int]:
    """Take some seconds in steps, with progress; fail at one of them if asked to."""
    return rehearsal.work(seconds, steps, fail_at)
