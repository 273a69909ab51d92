"""How long runs stay in the history: as the setting says, less where a job's line in the catalog says so."""

from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.config import current_settings
from edupulse.control.catalog import current_catalog


def keep_days(name: str) -> int:
    """Return the days that runs of the job `name` are kept."""
    days, spec = current_settings().job_history_days, current_catalog().specs.get(name)
    return days if spec is None or spec.keep_days is None else min(days, spec.keep_days)


def kept_since(now: datetime) -> datetime:
    """Return the instant since when the runs of all jobs are kept."""
    names = ("", *current_catalog().specs)
    return now - timedelta(days=min(map(keep_days, names)))
