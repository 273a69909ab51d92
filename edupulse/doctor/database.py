"""Is the database there, at this version's schema, and free to be written?"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlalchemy import text

from edupulse import schema
from edupulse.control.monitor import database_service
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem

LOCK_SECONDS = 3.0  # an honest write transaction of ours takes milliseconds
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
