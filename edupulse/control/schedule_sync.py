"""Schedules are made to match the catalog and the providers, and Redis is made to match the schedules."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from edupulse.control import timetable
from edupulse.control.changes import Changes, SyncResult
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.definitions import add_all, bring_in_line, definitions
from edupulse.control.mirror import mirror
from edupulse.control.models import Schedule
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.transaction import transaction

STRAY = "It is neither a schedule nor a wake-up of this release."
NAMED = 20  # names in one line of the log
SYNC_LOCK = 5_038_114_077_301_642_513  # of PostgreSQL: any number, as long as nobody else takes the same one

log = get_logger(__name__)


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
