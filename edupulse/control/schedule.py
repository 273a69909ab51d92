"""Schedules are made to match the catalog, paused and resumed by an operator, listed with their next runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control import timetable
from edupulse.control.catalog import current_catalog
from edupulse.control.changes import Changes, SyncResult
from edupulse.control.connection import redis_connection, redis_or_unavailable
from edupulse.control.definitions import add_all, bring_in_line, definitions, next_run
from edupulse.control.firing import rule_of
from edupulse.control.mirror import mirror
from edupulse.control.models import Schedule
from edupulse.control.occurrences import describe, upcoming
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, transaction

__all__ = ["Listed", "SyncResult", "listing", "pause", "resume", "sync", "sync_by_name", "wake"]

STRAY = "It is neither a schedule nor a wake-up of this release."
NAMED = 20  # names in one line of the log
SYNC_LOCK = 5_038_114_077_301_642_513  # of PostgreSQL: any number, as long as nobody else takes the same one

log = get_logger(__name__)


@dataclass(frozen=True)
class Listed:
    """One schedule for people: its rule in words and its next runs (none while it is paused)."""

    schedule: Schedule
    words: str
    upcoming: list[datetime]


def sync(moment: datetime) -> SyncResult:
    """Make rows match the catalog and the providers, and Redis the rows; done again it changes nothing more.

    What did not change keeps its next run. A definition that cannot be used is logged and left as it was.
    Raises Unavailable when Redis is away; the rows are right by then.
    """
    return sync_by_name(moment).counted()


def sync_by_name(moment: datetime) -> Changes:
    """Do the same and say which schedules were concerned."""
    with transaction() as session:
        _wait_for_others(session)
        wanted = definitions()  # read once it is our turn: of two syncs the later one knows what is true
        known = {row.name: row for row in session.scalars(select(Schedule))}
        jobs = {name: row.job for name, row in known.items()}
        removed = known.keys() - wanted.keys()
        session.execute(delete(Schedule).where(Schedule.name.in_(removed)))
        added = add_all(session, {name: wanted[name] for name in wanted.keys() - known.keys()}, moment)
        updated = {
            name for name in wanted.keys() & known.keys() if bring_in_line(known[name], wanted[name], moment)
        }
    strays = _put_strays_aside(moment)
    mirrored = mirror(another_chance=True)
    changes = Changes(
        added=frozenset(added | mirrored.added - updated),
        removed=frozenset(removed | mirrored.removed - wanted.keys()),
        updated=frozenset(updated | mirrored.moved - added),
        wanted=frozenset(wanted),
        strays=strays,
        jobs=jobs | {name: definition.job for name, definition in wanted.items()},
    )
    _log(changes)
    return changes


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


def _wait_for_others(session: Session) -> None:
    """Let one sync come after the other. SQLite has one writer at a time anyway."""
    if db.engine.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": SYNC_LOCK})


def _put_strays_aside(moment: datetime) -> frozenset[str]:
    """Take out what an older release or another program left in the timetable, before it is due."""
    with redis_or_unavailable() as redis:
        strays = timetable.strays(redis)
        for entry in strays[: timetable.QUARANTINE_MOST]:
            timetable.quarantine(redis, entry, STRAY, moment)
        timetable.remove(redis, strays[timetable.QUARANTINE_MOST :])
    return frozenset(strays)


def _log(changes: Changes) -> None:
    names = {
        "added": changes.added,
        "removed": changes.removed | {ascii(entry[:100]) for entry in changes.strays},
        "updated": changes.updated,
    }
    if any(names.values()):
        shown = {what: sorted(found)[:NAMED] for what, found in names.items()}
        log.info("schedules synced", **shown, counts={what: len(found) for what, found in names.items()})


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
