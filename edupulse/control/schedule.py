"""Schedules as an operator handles them: listed with their next runs, paused, resumed; and single wake-ups."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import timetable
from edupulse.control.catalog import current_catalog
from edupulse.control.changes import SyncResult
from edupulse.control.connection import redis_connection
from edupulse.control.definitions import next_run
from edupulse.control.firing import rule_of
from edupulse.control.mirror import mirror
from edupulse.control.models import Schedule
from edupulse.control.occurrences import describe, upcoming
from edupulse.control.schedule_sync import sync, sync_by_name
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, transaction

__all__ = [
    "NEXT_RUNS",
    "Listed",
    "SyncResult",
    "existing",
    "held",
    "listing",
    "mirror_later",
    "pause",
    "resume",
    "show",
    "sync",
    "sync_by_name",
    "wake",
]

NEXT_RUNS = 5  # that are shown of each schedule

log = get_logger(__name__)


@dataclass(frozen=True)
class Listed:
    """One schedule for people: its rule in words and its next runs (none while it is paused)."""

    schedule: Schedule
    words: str
    upcoming: list[datetime]


def wake(job: str, at: datetime) -> None:
    """Arm one run of `job` at the aware instant `at`; within 50 ms of it if armed a second before.

    It lives in Redis alone and may be lost with it, so only for jobs that also run each minute.
    """
    current_catalog().get(job)
    if at.tzinfo is None:
        raise Invalid("A wake-up needs an instant.", cure="Pass an aware time.", at=at.isoformat())
    after_commit(_arm, (job, at))


def pause(name: str, actor: str) -> Schedule:
    """Let the schedule `name` run no more until it is resumed."""
    with transaction() as session:
        schedule = held(session, name)
        _record(actor, "schedule.pause", schedule, enabled=False)
        schedule.enabled, schedule.updated_at = False, now()
        after_commit(mirror_later, name)
    return schedule


def resume(name: str, actor: str) -> Schedule:
    """Let the schedule `name` run again, from its next occurrence; the pause is not made up for."""
    with transaction() as session:
        schedule, moment = held(session, name), now()
        if not schedule.enabled:
            schedule.next_at = next_run(schedule, moment)
        _record(actor, "schedule.resume", schedule, enabled=True)
        schedule.enabled, schedule.failures, schedule.last_error = True, 0, None
        schedule.updated_at = moment
        after_commit(mirror_later, name)
    return schedule


def listing(moment: datetime, count: int = NEXT_RUNS) -> list[Listed]:
    """Return every schedule by name with its rule in words and its next `count` runs."""
    rows = db.session.scalars(select(Schedule).order_by(Schedule.name))
    return [_listed(row, moment, count) for row in rows]


def show(name: str, moment: datetime, count: int = NEXT_RUNS) -> Listed:
    """Return the schedule `name` in the same way; raises NotFound."""
    return _listed(existing(name), moment, count)


def existing(name: str) -> Schedule:
    """Return the row of `name`; raises NotFound."""
    return _found(db.session.get(Schedule, name), name)


def held(session: Session, name: str) -> Schedule:
    """Return the row of `name` as it is now, kept from others until the transaction ends; raises NotFound."""
    session.flush()
    return _found(session.get(Schedule, name, populate_existing=True, with_for_update=True), name)


def _record(actor: str, action: str, schedule: Schedule, *, enabled: bool) -> None:
    before, after = {"enabled": schedule.enabled}, {"enabled": enabled}
    audit.record(actor, action, f"schedule:{schedule.name}", before=before, after=after)


def _found(row: Schedule | None, name: str) -> Schedule:
    if row is None:
        raise NotFound(f"There is no schedule {name[:100]!r}.", cure="See `python cli.py schedule list`.")
    return row


def _listed(row: Schedule, moment: datetime, count: int) -> Listed:
    return Listed(row, describe(rule_of(row)), _upcoming(row, moment, count))


def _upcoming(row: Schedule, moment: datetime, count: int) -> list[datetime]:
    if not row.enabled or count < 1:
        return []
    return [row.next_at, *upcoming(rule_of(row), max(row.next_at, moment), count - 1)]


def _arm(wakes: Iterable[tuple[str, datetime]]) -> None:
    try:
        timetable.put(redis_connection(), {timetable.wake_entry(job, at): at for job, at in wakes})
    except RedisError as error:
        log.warning("wake-up not armed", reason=type(error).__name__)


def mirror_later(names: Iterable[str]) -> None:
    """Tell Redis what the rows say; the reconciler does it when Redis is away now."""
    mirror()
