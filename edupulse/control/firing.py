"""An occurrence that is due becomes a run of the ledger, exactly once, whatever dies on the way."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlalchemy.orm import Session

from edupulse.control import timetable
from edupulse.control.catalog import current_catalog
from edupulse.control.enqueue import enqueue
from edupulse.control.misfire import Decision, Missed, decide
from edupulse.control.models import JobRun, Schedule
from edupulse.control.occurrences import Rule, next_occurrence
from edupulse.logs import get_logger
from edupulse.transaction import rows_changed, transaction

ACTOR = "scheduler"

log = get_logger(__name__)


def rule_of(schedule: Schedule) -> Rule:
    """Return when `schedule` recurs."""
    return Rule(cron=schedule.cron, interval=schedule.interval_seconds, timezone=schedule.timezone)


def fire(name: str, moment: datetime) -> datetime | None:
    """Accept the runs of the schedule `name` that are due; return when it is due next, None for never again.

    One transaction moves the schedule on and writes the runs, so a crash leaves both or neither. The move is
    guarded by the occurrence it starts from: a second scheduler, or one that slept, finds nothing left to do.
    """
    with transaction() as session:
        schedule = session.get(Schedule, name)
        if schedule is None or not schedule.enabled:
            return None
        if schedule.next_at > moment:
            return schedule.next_at  # a crash came between the commit and Redis: only Redis lags behind
        decision = _decide(schedule, moment)
        if not _move_on(session, schedule, decision):
            return schedule.next_at
        for occurrence in decision.run:
            enqueue(
                schedule.job,
                occurrence_key=occurrence_key(name, occurrence),
                actor=ACTOR,
                **schedule.arguments,
            )
        if decision.missed:
            session.add(_record_of(schedule, decision.missed, moment))
    return decision.next_at


def occurrence_key(name: str, occurrence: datetime) -> str:
    """Return the unique key under which the ledger accepts this occurrence of the schedule once."""
    return f"{name}@{occurrence.astimezone(UTC).isoformat()}"


def fire_wakes(entries: list[str]) -> None:
    """Accept one run for wake entries of one job: the latest stands for those before it."""
    enqueue(timetable.job_of_wake(entries[-1]), occurrence_key=entries[-1], actor=ACTOR)


def _decide(schedule: Schedule, moment: datetime) -> Decision:
    return decide(
        partial(next_occurrence, rule_of(schedule)),
        schedule.next_at,
        moment,
        policy=schedule.misfire,
        max_lateness=timedelta(seconds=schedule.max_lateness_seconds),
    )


def _move_on(session: Session, schedule: Schedule, decision: Decision) -> bool:
    moved = (
        update(Schedule)
        .where(Schedule.name == schedule.name, Schedule.next_at == schedule.next_at, Schedule.enabled)
        .values(last_at=decision.last_at, next_at=decision.next_at, failures=0, last_error=None)
        .execution_options(synchronize_session=False)
    )
    count = rows_changed(session, moved)
    return count == 1


def _record_of(schedule: Schedule, missed: Missed, moment: datetime) -> JobRun:
    """Return one row that stands for all occurrences missed in a row: shown in the history, never run."""
    span = f"from {missed.first:%Y-%m-%d %H:%M:%S} to {missed.last:%Y-%m-%d %H:%M:%S} UTC"
    log.warning(
        "occurrences missed", schedule=schedule.name, count=missed.count, first=missed.first, last=missed.last
    )
    return JobRun(
        id=f"missed-{schedule.name.replace('.', '-')}-{secrets.token_hex(10)}",
        name=schedule.job,
        queue=current_catalog().get(schedule.job).queue,
        state="cancelled",
        arguments=schedule.arguments,
        actor=ACTOR,
        created_at=moment,
        available_at=missed.first,
        ended_at=moment,
        error_class="Missed",
        error_message=f"{missed.count} occurrences were missed, {span} (policy: {schedule.misfire}).",
    )
