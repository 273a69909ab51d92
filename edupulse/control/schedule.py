"""Schedules are made to match the catalog, paused and resumed by an operator, listed with their next runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy import delete, select

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import timetable
from edupulse.control.catalog import current_catalog
from edupulse.control.connection import redis_connection
from edupulse.control.definitions import add, bring_in_line, definitions, next_run
from edupulse.control.firing import rule_of
from edupulse.control.mirror import mirror
from edupulse.control.models import Schedule
from edupulse.control.occurrences import describe, upcoming
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, transaction

log = get_logger(__name__)


@dataclass(frozen=True)
class SyncResult:
    """How many schedules came, went or changed, in the database or in Redis, and how many there are."""

    added: int
    removed: int
    updated: int
    total: int


@dataclass(frozen=True)
class Listed:
    """One schedule for people: its rule in words and its next runs (none while it is paused)."""

    schedule: Schedule
    words: str
    upcoming: list[datetime]


def sync(moment: datetime) -> SyncResult:
    """Make rows match the catalog and Redis the rows; done again, or twice at once, it changes nothing more.

    What did not change keeps its next run. A definition that cannot be used is logged and left as it was.
    Raises Unavailable when Redis is away; the rows are right by then.
    """
    wanted = definitions()
    with transaction() as session:
        known = {row.name: row for row in session.scalars(select(Schedule))}
        removed = known.keys() - wanted.keys()
        session.execute(delete(Schedule).where(Schedule.name.in_(removed)))
        added = {name for name in wanted.keys() - known.keys() if add(session, name, wanted[name], moment)}
        updated = {
            name for name in wanted.keys() & known.keys() if bring_in_line(known[name], wanted[name], moment)
        }
    mirrored = mirror(another_chance=True)
    added |= mirrored.added - updated
    removed |= mirrored.removed - wanted.keys()
    updated |= mirrored.moved - added
    if added or removed or updated:
        log.info("schedules synced", added=sorted(added), removed=sorted(removed), updated=sorted(updated))
    return SyncResult(len(added), len(removed), len(updated), len(wanted))


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
    with transaction():
        schedule = _existing(name)
        schedule.enabled, schedule.updated_at = False, now()
        audit.record(actor, "schedule.pause", f"schedule:{name}")
        after_commit(_mirror_later, name)
    return schedule


def resume(name: str, actor: str) -> Schedule:
    """Let the schedule `name` run again, from its next occurrence; the pause is not made up for."""
    with transaction():
        schedule, moment = _existing(name), now()
        if not schedule.enabled:
            schedule.next_at = next_run(schedule, moment)
        schedule.enabled, schedule.failures, schedule.last_error = True, 0, None
        schedule.updated_at = moment
        audit.record(actor, "schedule.resume", f"schedule:{name}")
        after_commit(_mirror_later, name)
    return schedule


def listing(moment: datetime, count: int = 5) -> list[Listed]:
    """Return every schedule by name with its rule in words and its next `count` runs."""
    rows = db.session.scalars(select(Schedule).order_by(Schedule.name))
    return [Listed(row, describe(rule_of(row)), _upcoming(row, moment, count)) for row in rows]


def _existing(name: str) -> Schedule:
    if schedule := db.session.get(Schedule, name):
        return schedule
    raise NotFound(f"There is no schedule {name!r}.", cure="See `python cli.py schedule list`.")


def _upcoming(row: Schedule, moment: datetime, count: int) -> list[datetime]:
    if not row.enabled or count < 1:
        return []
    return [row.next_at, *upcoming(rule_of(row), max(row.next_at, moment), count - 1)]


def _arm(wakes: Iterable[tuple[str, datetime]]) -> None:
    try:
        timetable.put(redis_connection(), {timetable.wake_entry(job, at): at for job, at in wakes})
    except RedisError as error:
        log.warning("wake-up not armed", reason=type(error).__name__)


def _mirror_later(names: Iterable[str]) -> None:
    mirror()
