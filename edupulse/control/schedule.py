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
    "wait_for_others",
    "wake",
]

STRAY = "It is neither a schedule nor a wake-up of this release."
NEXT_RUNS = 5  # that are shown of each schedule
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
        wait_for_others(session)
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


def wait_for_others(session: Session) -> None:
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
