"""Is the database there, at this version's schema, and free to be written?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from edupulse import schema
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control import pools
from edupulse.control.monitor import database_service
from edupulse.database import BESIDE_SLOTS, PER_SLOT, db
from edupulse.doctor.finding import Finding, ok, problem, warning

LOCK_SECONDS = 3.0  # an honest write transaction of ours takes milliseconds
LARGEST_LOOKED_AT = 1_000_000_000  # bytes of an SQLite file; reading one through takes about a second
BESIDE_WORKERS = 2  # processes that hold connections too: the web server and the scheduler
UPGRADE = "Run: python cli.py db upgrade"


def reachable() -> Iterator[Finding]:
    """Check that the database answers."""
    service = database_service()
    db.session.rollback()
    yield (
        ok("database", service.summary)
        if service.is_up
        else problem("database", service.summary, service.cure)
    )


def schema_step() -> Iterator[Finding]:
    """Check that the schema is the one of this version."""
    present, newest = schema.present_step(), schema.newest_step()
    if present == newest:
        yield ok("schema", f"The schema is at its newest step, {newest}.")
    elif present is None:
        yield problem("schema", "The database was never set up.", UPGRADE)
    elif schema.is_known(present):
        yield problem("schema", f"The schema is at step {present}, this version needs {newest}.", UPGRADE)
    else:
        cure = "Install the version of EduPulse that made it, or restore a backup."
        yield problem("schema", f"The schema is at step {present}, which this version does not know.", cure)


def writable() -> Iterator[Finding]:
    """Check that a write transaction can begin; it is rolled back."""
    if db.engine.dialect.name == "sqlite":
        yield _sqlite_lock(db.engine.url.database or "")
        return
    with db.engine.connect() as connection:
        read_only = connection.execute(text("SHOW transaction_read_only")).scalar_one()
    if read_only == "on":
        cure = "Point DATABASE_URL at the primary server."
        yield problem("database_write", "The database takes no changes: it is a read-only copy.", cure)
    else:
        yield ok("database_write", "The database takes changes.")


def sound() -> Iterator[Finding]:
    """Check that an SQLite file is not damaged, unless it is too large to be read through now."""
    path = Path(db.engine.url.database or "")
    if db.engine.dialect.name != "sqlite" or path.stat().st_size > LARGEST_LOOKED_AT:
        return
    damage = _damage_of(path)
    if damage:
        cure = f"Stop EduPulse, then: python cli.py backup restore latest. It puts {path} aside."
        yield problem("database_sound", f"The database is damaged: {damage}", cure)
    else:
        yield ok("database_sound", "The database is sound.")


def connections() -> Iterator[Finding]:
    """Check that PostgreSQL has a connection for every slot of every process."""
    if db.engine.dialect.name == "sqlite":
        return
    settings = current_settings()
    each = PER_SLOT * settings.worker_threads + BESIDE_SLOTS
    workers = sum(pool.processes for pool in pools.pools(now()) if pool.state == "running")
    needed = (workers + BESIDE_WORKERS) * each
    with db.engine.connect() as connection:
        allowed = connection.execute(text(CONNECTIONS_ALLOWED)).scalar_one()
    if allowed < needed:
        words = f"PostgreSQL gives us {allowed} connections; our processes may want {needed} at once."
        cure = (
            "Raise max_connections, or CONNECTION LIMIT of the role or the database, "
            "or want fewer workers (python cli.py workers pools) or a lower WORKER_THREADS."
        )
        yield warning("database_connections", words, cure)
    else:
        yield ok(
            "database_connections", f"PostgreSQL has {allowed} connections for the {needed} we may want."
        )


# The least of what the server, the role and the database allow; -1 stands for no limit.
CONNECTIONS_ALLOWED = """
SELECT least(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    nullif(rolconnlimit, -1), nullif(datconnlimit, -1))
FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
"""


def _damage_of(path: Path) -> str:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_SECONDS)
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error) if "locked" not in str(error) else ""
    finally:
        connection.close()
    return "" if found == "ok" else found.splitlines()[-1]


def _sqlite_lock(path: str) -> Finding:
    # A connection of its own, because the application's waits half a minute for a lock.
    connection = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            cure = "Find it with: fuser -v " + path
            return problem("database_write", "Another program holds the database locked.", cure)
        return problem(
            "database_write", f"The database takes no changes: {error}.", f"Check who owns {path}."
        )
    finally:
        connection.close()
    return ok("database_write", "The database takes changes.")
