"""A run of a job as every noun answers with it, and all that is known of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from edupulse.api.schema import Shown
from edupulse.clock import now
from edupulse.control.models import PRIORITIES, JobRun

Status = Literal["queued", "started", "deferred", "interrupted", "finished", "failed", "cancelled"]
Priority = Literal["high", "normal", "low"]

_PRIORITY_NAMES = {number: name for name, number in PRIORITIES.items()}


class JobProgress(Shown):
    """How far a run has come; `total` is null where nobody knows it."""

    done: int
    total: int | None
    note: str | None


class Job(Shown):
    """One run of a job: what was ordered, by whom, and what has become of it."""

    job_id: str
    name: str
    queue: str
    status: Status
    arguments: dict[str, Any]
    result: Any | None
    error: str | None
    progress: JobProgress | None
    timestamp: datetime  # when it was accepted
    available_at: datetime  # since when it waits, or until when
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None  # seconds of work, so far where it is under way
    attempts: int
    max_attempts: int
    priority: Priority
    unique_key: str | None
    actor: str
    worker: str | None
    fingerprint: str | None  # the same for failures of one cause


def facts_of_run(run: JobRun) -> dict[str, Any]:
    """Return what `Job` shows of a run."""
    names = ("name", "queue", "arguments", "result", "available_at", "started_at", "ended_at", "attempts")
    facts = {name: getattr(run, name) for name in (*names, "max_attempts", "unique_key", "actor", "worker")}
    return {
        "job_id": run.id,
        "status": run.state,
        "error": f"{run.error_class}: {run.error_message}" if run.error_class else None,
        "progress": progress_of(run),
        "timestamp": run.created_at,
        "duration": _duration(run),
        "priority": _PRIORITY_NAMES.get(run.priority, "normal"),
        "fingerprint": run.error_fingerprint,
        **facts,
    }


def progress_of(run: JobRun) -> dict[str, Any] | None:
    """Return how far a run has come, None where it has not said so."""
    if run.progress_done is None:
        return None
    return {"done": run.progress_done, "total": run.progress_total, "note": run.progress_note}


def _duration(run: JobRun) -> float | None:
    if run.started_at is None:
        return None
    return round(((run.ended_at or now()) - run.started_at).total_seconds(), 3)
