"""Due entries are taken one by one, each at its own risk: none of them can hold up the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from edupulse.control import timetable
from edupulse.control.firing import fire, fire_wakes
from edupulse.control.models import Schedule
from edupulse.errors import Invalid, Unavailable
from edupulse.logs import get_logger
from edupulse.transaction import transaction

FAILURES_MOST = 3  # then an entry is put aside; a schedule gets another chance at each sync

# The database or Redis is away: no entry is to blame, and the round is made again later.
OUTAGES = (RedisError, Unavailable, OperationalError, InterfaceError, PoolTimeout)

log = get_logger(__name__)


def dispatch(redis: Redis, moment: datetime, may_go_on: Callable[[], bool]) -> int:
    """Turn what is due at `moment` into runs, as long as `may_go_on`; return how many entries were taken.

    Raises what `OUTAGES` names; every other failure is counted against its entry.
    """
    taken = 0
    for group in _groups(timetable.due(redis, moment)):
        if not may_go_on():
            break
        _take(redis, group, moment)
        taken += len(group)
    return taken


def _groups(entries: Iterable[str]) -> Iterator[list[str]]:
    """Yield each schedule alone, and the wake-ups of one job together, each in the order of time."""
    for is_wake, neighbours in groupby(entries, lambda entry: entry.startswith(timetable.WAKE)):
        if not is_wake:
            yield from ([entry] for entry in neighbours)
            continue
        by_job: dict[str, list[str]] = {}
        for entry in neighbours:
            by_job.setdefault(timetable.job_of_wake(entry), []).append(entry)
        yield from by_job.values()


def _take(redis: Redis, group: list[str], moment: datetime) -> None:
    try:
        _fire(redis, group, moment)
    except OUTAGES:
        raise
    except Exception as error:  # noqa: BLE001 - one bad entry must not stop the others
        for entry in group:
            _note_failure(redis, entry, error, moment)


def _fire(redis: Redis, group: list[str], moment: datetime) -> None:
    """Write the rows first, then move the entries: a crash in between is mended by the next round."""
    entry = group[0]
    if entry.startswith(timetable.SCHEDULE) and timetable.is_clean(entry):
        timetable.settle(redis, entry, fire(entry.removeprefix(timetable.SCHEDULE), moment))
    elif entry.startswith(timetable.WAKE) and all(map(timetable.is_clean, group)):
        fire_wakes(group)
        timetable.remove(redis, group)
    else:
        raise Invalid(f"{entry[:100]!a} is neither a schedule nor a wake-up.")


def _note_failure(redis: Redis, entry: str, error: Exception, moment: datetime) -> None:
    """Count the failure of `entry`, and put it aside when there were too many."""
    reason = f"{type(error).__name__}: {error}"[:500]
    failures = _count(redis, entry, reason)
    log.exception("entry failed", entry=ascii(entry[:200]), failures=failures)
    if failures >= FAILURES_MOST:
        timetable.quarantine(redis, entry, reason, moment)
        log.error("entry put aside", entry=ascii(entry[:200]), failures=failures)


def _count(redis: Redis, entry: str, reason: str) -> int:
    """Count on the row where there is one, so that pages and commands show it."""
    if not (entry.startswith(timetable.SCHEDULE) and timetable.is_clean(entry)):
        return timetable.count_failure(redis, entry)
    counted = (
        update(Schedule)
        .where(Schedule.name == entry.removeprefix(timetable.SCHEDULE))
        .values(failures=Schedule.failures + 1, last_error=reason)
        .returning(Schedule.failures)
    )
    with transaction() as session:
        failures = session.scalar(counted)
    return timetable.count_failure(redis, entry) if failures is None else failures
