"""Do the clocks of this machine, of Redis and of the database agree?"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.connection import redis_connection
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning

NOTICEABLE, HARMFUL = (
    1.0,
    10.0,
)  # seconds; a lease lives longer than the first and hardly longer than the second
ANSWER_SECONDS = 5.0  # timedatectl takes some 20 ms
CURE = "Switch on time synchronisation on both machines: sudo timedatectl set-ntp true"


def redis() -> Iterator[Finding]:
    """Check the clock of Redis."""
    yield _compared("clock_redis", "Redis", _redis_time())


def database() -> Iterator[Finding]:
    """Check the clock of the database, where it is a server."""
    if db.engine.dialect.name != "sqlite":
        yield _compared("clock_database", "the database", _database_time())


def synchronised() -> Iterator[Finding]:
    """Check that this machine keeps its clock right, where systemd can tell."""
    said = _said_by_timedatectl()
    if said == "no":
        yield warning("clock_sync", "The clock of this machine is not synchronised.", CURE)
    elif said == "yes":
        yield ok("clock_sync", "The clock of this machine is synchronised.")


def zone() -> Iterator[Finding]:
    """Check that TIMEZONE was not forgotten: its default is UTC, and this machine lives by another one."""
    moment = now()
    local = moment.astimezone()  # by the machine's own zone
    if current_settings().timezone == "UTC" and local.utcoffset() != timedelta(0):
        finding = f"Mails name the time in UTC, while this machine has {local:%H:%M} ({local.tzname()})."
        yield warning("timezone", finding, "Set TIMEZONE to the zone of your organisation, then restart.")
    else:
        yield ok("timezone", f"The organisation's time zone is {current_settings().timezone}.")


def _said_by_timedatectl() -> str:
    if shutil.which("timedatectl") is None:
        return ""
    command = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


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
