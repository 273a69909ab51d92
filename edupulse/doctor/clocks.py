"""Do the clocks of this machine, of Redis and of the database agree?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import text

from edupulse.clock import now
from edupulse.control.connection import redis_connection
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning

NOTICEABLE, HARMFUL = (
    1.0,
    10.0,
)  # seconds; a lease lives longer than the first and hardly longer than the second
CURE = "Switch on time synchronisation on both machines: sudo timedatectl set-ntp true"


def redis() -> Iterator[Finding]:
    """Check the clock of Redis."""
    yield _compared("clock_redis", "Redis", _redis_time())


def database() -> Iterator[Finding]:
    """Check the clock of the database, where it is a server."""
    if db.engine.dialect.name != "sqlite":
        yield _compared("clock_database", "the database", _database_time())


def _compared(id: str, whose: str, theirs: datetime) -> Finding:
    apart = abs((now() - theirs).total_seconds())
    finding = f"The clock of {whose} differs from ours by {apart:.1f} s."
    if apart >= HARMFUL:
        return problem(id, finding, CURE)
    return (
        warning(id, finding, CURE)
        if apart >= NOTICEABLE
        else ok(id, f"The clock of {whose} agrees with ours.")
    )


def _redis_time() -> datetime:
    seconds, microseconds = redis_connection().time()
    return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)


def _database_time() -> datetime:
    with db.engine.connect() as connection:
        found: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return found.astimezone(UTC)
