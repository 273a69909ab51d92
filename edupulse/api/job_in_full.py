"""One run with everything that is known of it, above all why it does not run yet: the answer to every order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from edupulse import clock
from edupulse.api.answers import facts_of
from edupulse.api.job_facts import Job, facts_of_run
from edupulse.api.long_poll import seen_of
from edupulse.api.schema import Shown
from edupulse.control import monitor
from edupulse.control.models import JobRun


class Wait(Shown):
    """What a run waits for, since when, and what can be done."""

    sentence: str
    since: datetime | None
    cure: str


class JobInFull(Job):
    """One run with everything that is known of it; `seen` is what a call that waits for news gives back."""

    waits_for: Wait | None
    traceback: str | None
    request_id: str | None
    deaths: int
    stop_requested_by: str | None
    stop_reason: str | None
    workflow_id: int | None
    held_by: str | None  # another run that has its unique key
    seen: str


def in_full(run: JobRun) -> dict[str, Any]:
    """Return what `JobInFull` shows of a run."""
    waiting = monitor.waits_for(run, clock.now())
    return {
        **facts_of_run(run),
        "waits_for": facts_of(waiting, Wait) if waiting else None,
        "traceback": run.error_traceback,
        "request_id": run.request_id,
        "deaths": run.deaths,
        "stop_requested_by": run.cancel_actor,
        "stop_reason": run.cancel_reason,
        "workflow_id": monitor.workflow_of(run),
        "held_by": monitor.holder_of_key(run),
        "seen": seen_of(run),
    }
