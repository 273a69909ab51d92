"""What there is to know about one run of a job: all for programs, and a line or a page for people."""

from __future__ import annotations

from datetime import datetime

from edupulse.cli.durations import span
from edupulse.clock import now
from edupulse.control.models import PRIORITIES, JobRun

_PRIORITY_NAMES = {number: name for name, number in PRIORITIES.items()}
_NAMES = (
    "id", "name", "queue", "state", "arguments", "actor", "attempts", "max_attempts", "created_at",
    "available_at", "started_at", "ended_at", "worker", "result", "unique_key", "workflow_step_id",
)  # fmt: skip


def facts_of(run: JobRun) -> dict[str, object]:
    """Return what there is to know about `run`."""
    facts: dict[str, object] = {name: getattr(run, name) for name in _NAMES}
    facts |= {"priority": _PRIORITY_NAMES.get(run.priority, str(run.priority)), "deaths": run.deaths or None}
    if run.cancel_requested_at is not None:
        facts |= {"cancel_requested_at": run.cancel_requested_at, "cancelled_by": run.cancel_actor}
        facts["cancel_reason"] = run.cancel_reason
    facts |= {"progress": progress_of(run), "progress_note": run.progress_note}
    return facts | {
        "error": error_of(run),
        "fingerprint": run.error_fingerprint,
        "seconds": None if run.started_at is None else round(_worked(run, run.started_at), 3),
    }


def row_of(run: JobRun) -> dict[str, object]:
    """Return a line of a list for people."""
    return {
        **{name: getattr(run, name) for name in ("id", "name", "state", "actor", "attempts", "worker")},
        "accepted": run.created_at,
        "ended": run.ended_at,
        "begun": run.started_at,
        "took": None if run.started_at is None else span(_worked(run, run.started_at)),
        "progress": " ".join(part for part in (progress_of(run), run.progress_note) if part),
        "error": error_of(run),
    }


def is_over(run: JobRun) -> bool:
    """Say whether nothing becomes of it by itself: one that stays interrupted waits for a person."""
    return run.is_final or run.state == "interrupted"


def error_of(run: JobRun) -> str | None:
    """Return why it failed, with the kind of the error; of one that was called off only the words."""
    return ": ".join(part for part in (run.error_class, run.error_message) if part) or None


def progress_of(run: JobRun) -> str | None:
    """Return how far it has come, None where it has not said so."""
    if run.progress_done is None:
        return None
    return f"{run.progress_done} of {run.progress_total}" if run.progress_total else str(run.progress_done)


def _worked(run: JobRun, begun: datetime) -> float:
    return ((run.ended_at or now()) - begun).total_seconds()
