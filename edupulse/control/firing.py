"""An occurrence that is due becomes a run of the ledger, exactly once, whatever dies on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import update
from sqlalchemy.orm import Session

from edupulse.control import missed, timetable
from edupulse.control.enqueue import enqueue
from edupulse.control.misfire import Decision, decide
from edupulse.control.missed import ACTOR
from edupulse.control.models import Schedule
from edupulse.control.occurrences import Rule, next_occurrence
from edupulse.control.spread import placed
from edupulse.transaction import rows_changed, transaction


def rule_of(schedule: Schedule) -> Rule:
    """Return when `schedule` recurs."""
    rule = Rule(cron=schedule.cron, interval=schedule.interval_seconds, timezone=schedule.timezone)
    return placed(rule, schedule.name)


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
            _accept(session, schedule, occurrence, moment)
        if decision.missed:
            session.add(missed.record(schedule, decision.missed, moment))
    return decision.next_at


def occurrence_key(name: str, occurrence: datetime) -> str:
    """Return the unique key under which the ledger accepts this occurrence of the schedule once."""
    return f"{name}@{occurrence.astimezone(UTC).isoformat()}"


def unique_key(name: str) -> str:
    """Return the key that lets one run of the schedule be open at a time."""
    return f"schedule:{name}"


def fire_wakes(entries: list[str]) -> None:
    """Accept one run for wake entries of one job: the latest stands for those before it."""
    enqueue(timetable.job_of_wake(entries[-1]), occurrence_key=entries[-1], actor=ACTOR)


def _accept(session: Session, schedule: Schedule, occurrence: datetime, moment: datetime) -> None:
    """Accept the run of this occurrence, unless the run before is not over and may not be overlapped."""
    key = occurrence_key(schedule.name, occurrence)
    run = enqueue(
        schedule.job,
        occurrence_key=key,
        unique_key=None if schedule.overlap == "allow" else unique_key(schedule.name),
        actor=ACTOR,
        **schedule.arguments,
    )
    if run.occurrence_key != key:  # the one that holds the unique key
        missed.note_skipped(session, schedule, run, occurrence, moment)


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
