"""Occurrences that did not run stand in the history too: one line for all in a row, with the reason."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from edupulse.control.catalog import current_catalog
from edupulse.control.misfire import Missed
from edupulse.control.models import JobRun, Schedule
from edupulse.logs import get_logger

ACTOR = "scheduler"
ERROR_CLASS = "Missed"  # of a line that stands for occurrences and was never a run

log = get_logger(__name__)


def record(schedule: Schedule, missed: Missed, moment: datetime) -> JobRun:
    """Return the line for occurrences whose time passed before anybody could take them."""
    log.warning(
        "occurrences missed", schedule=schedule.name, count=missed.count, first=missed.first, last=missed.last
    )
    line_id = f"missed-{schedule.name.replace('.', '-')}-{secrets.token_hex(10)}"
    return _line(schedule, line_id, moment, **_told(missed, f"policy: {schedule.misfire}"))


def note_skipped(
    session: Session, schedule: Schedule, holder: JobRun, occurrence: datetime, moment: datetime
) -> None:
    """Note that `occurrence` did not run because the run before is not over: one line for each such run."""
    line_id = f"missed-{holder.id}"[:100]
    line = session.get(JobRun, line_id)
    before = (line.result or {}) if line is not None else {}
    first = datetime.fromisoformat(before["first"]) if before else occurrence
    skipped = Missed(first, occurrence, before.get("count", 0) + 1)
    facts = _told(skipped, f"the run before was not over: {holder.id}")
    log.info("occurrence skipped", schedule=schedule.name, occurrence=occurrence, holder=holder.id)
    if line is None:
        session.add(_line(schedule, line_id, moment, **facts))
        return
    line.result, line.error_message, line.ended_at = facts["result"], facts["error_message"], moment


def _told(missed: Missed, reason: str) -> dict[str, Any]:
    """Return how many there were and why, for machines and for people."""
    first, last = missed.first.astimezone(UTC), missed.last.astimezone(UTC)
    what = "occurrence was" if missed.count == 1 else "occurrences were"
    span = f"from {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S} UTC"
    return {
        "result": {"count": missed.count, "first": first.isoformat(), "last": last.isoformat()},
        "error_message": f"{missed.count} {what} missed, {span} ({reason}).",
        "available_at": missed.first,
    }


def _line(schedule: Schedule, line_id: str, moment: datetime, **facts: Any) -> JobRun:
    return JobRun(
        id=line_id,
        name=schedule.job,
        queue=current_catalog().get(schedule.job).queue,
        state="cancelled",
        arguments=schedule.arguments,
        actor=ACTOR,
        created_at=moment,
        ended_at=moment,
        error_class=ERROR_CLASS,
        **facts,
    )
