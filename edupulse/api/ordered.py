"""A job that a call asked for, as every noun answers with it."""

from __future__ import annotations

from typing import Any

from flask import Response

from edupulse.api.answers import answer
from edupulse.control.models import JobRun


def ordered(run: JobRun) -> Response:
    """Say that the work was accepted, and under which name it is found."""
    return answer(facts_of_run(run), 202)


def facts_of_run(run: JobRun) -> dict[str, Any]:
    """Return what there is to know of a run."""
    error = f"{run.error_class}: {run.error_message}" if run.error_class else None
    return {
        "job_id": run.id,
        "name": run.name,
        "queue": run.queue,
        "status": run.state,
        "result": run.result,
        "error": error,
        "timestamp": run.created_at,
    }
