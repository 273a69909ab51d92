"""The timetable in Redis is made to match the schedules in the database: the lost return, leftovers go."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from edupulse.control import timetable
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.dispatch import FAILURES_MOST
from edupulse.control.models import Schedule
from edupulse.database import db
from edupulse.transaction import look_anew

SAME_SECONDS = 0.001  # instants that differ by less are the same: Redis keeps them as floating numbers


@dataclass(frozen=True)
class Mirrored:
    """Names of schedules whose entry was put back, moved, or removed."""

    added: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


def mirror(*, another_chance: bool = False) -> Mirrored:
    """Make entries equal to rows; with `another_chance`, also of schedules put aside. Raises Unavailable.

    Redis is read first: a row is written before its entry, so an entry without a row is really left over.
    A move that crosses with the scheduler's own is harmless, because it looks at the row before it acts.
    """
    with redis_or_unavailable() as redis:
        armed = timetable.armed_schedules(redis)
    look_anew()  # so that the rows are read after Redis
    wanted = {timetable.schedule_entry(row.name): row.next_at for row in _running(another_chance)}
    added = wanted.keys() - armed.keys()
    moved = {
        entry for entry in wanted.keys() & armed.keys() if _differ(wanted[entry].timestamp(), armed[entry])
    }
    removed = armed.keys() - wanted.keys()
    with redis_or_unavailable() as redis:
        timetable.put(redis, {entry: wanted[entry] for entry in added | moved})
        timetable.remove(redis, removed)
    if added or moved:
        _take_back(added | moved, another_chance)
    return Mirrored(_names(added), _names(moved), _names(removed))


def _take_back(entries: set[str], another_chance: bool) -> None:
    """Remove what was just put for schedules that went meanwhile: whoever took them away found no entry yet."""
    look_anew()
    gone = entries - {timetable.schedule_entry(row.name) for row in _running(another_chance)}
    if gone:
        with redis_or_unavailable() as redis:
            timetable.remove(redis, gone)


def _running(another_chance: bool) -> list[Schedule]:
    running = select(Schedule).where(Schedule.enabled)
    if not another_chance:
        running = running.where(Schedule.failures < FAILURES_MOST)
    return list(db.session.scalars(running))


def _differ(first: float, second: float) -> bool:
    return abs(first - second) > SAME_SECONDS


def _names(entries: set[str]) -> frozenset[str]:
    return frozenset(entry.removeprefix(timetable.SCHEDULE) for entry in entries)
