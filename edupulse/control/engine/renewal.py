"""When a worker is old, has done much or has grown large, a fresh one takes its place."""

from __future__ import annotations

from edupulse.config import Settings

MEGABYTE = 1024 * 1024


def why_renew(settings: Settings, *, hours: float, jobs: int, memory_bytes: int) -> str:
    """Return in words why a worker of this age must be renewed, or nothing."""
    if memory_bytes > settings.worker_memory_mb * MEGABYTE:
        return f"it uses {memory_bytes // MEGABYTE} MB, more than the {settings.worker_memory_mb} of WORKER_MEMORY_MB"
    if jobs >= settings.worker_max_jobs:
        return f"it has done {jobs} jobs, WORKER_MAX_JOBS is {settings.worker_max_jobs}"
    if hours >= settings.worker_max_hours:
        return f"it is {hours:.0f} hours old, WORKER_MAX_HOURS is {settings.worker_max_hours}"
    return ""
