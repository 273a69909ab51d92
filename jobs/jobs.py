"""Jobs about jobs: their figures and their history."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.control import failures, hours
from edupulse.control import prune as pruning
from jobs.recorded import recorded


@recorded
def count() -> dict[str, int]:
    """Count the hours that are over, and name the failures of an older release."""
    return {**hours.count_hours(now()), "failures_named": failures.name_failures()}


@recorded
def prune() -> dict[str, int]:
    """Delete what has been kept long enough."""
    return pruning.prune(now())
