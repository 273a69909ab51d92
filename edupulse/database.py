"""The one engine and session: SQLite in WAL with real transactions, or PostgreSQL, by URL."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, MetaData, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import TypeDecorator

from edupulse.checkouts import close_held, watch

SYNC_AT_COMMIT = 2  # SQLite's FULL: what was committed survives a power cut, not only a crash
SYNC_LATER = 1  # SQLite's NORMAL: it reaches the disk with the next commit that waits for it
ASK_AGAIN_MS = 8  # SQLite waits 1, 2 and 5 ms before it gives up on this
POOL_LEAST = 5  # connections that stay open, if as many were needed at once
PER_SLOT = 2  # its work, and the last look at a mail before it leaves
BESIDE_SLOTS = 2  # a worker's own thread and its heartbeat
BUSY_TIMEOUT_MS = 30_000  # a writer waits this long for another one before "database is locked"

# Names for constraints, so that Alembic can drop them on either database.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """An aware instant, stored in UTC; a naive one is refused, because nobody knows what it means."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: pass an aware one")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UtcDateTime}
    )


db = SQLAlchemy(model_class=_Base, session_options={"expire_on_commit": False}, disable_autonaming=True)

if TYPE_CHECKING:

    class Model(DeclarativeBase):
        """Base of every table."""
else:
    Model = db.Model  # the same base, made over by Flask-SQLAlchemy

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def init_database(app: Flask, url: str, *, threads: int = 1) -> None:
    """Bind the session to `url` and prepare each new connection; `threads` of this process use it at once."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    options: dict[str, Any] = {"pool_pre_ping": not url.startswith("sqlite")}
    if ":memory:" not in url:  # which has one connection for all
        # Opened when needed and then kept: a slot that had to wait here would look like a database that is away.
        options["pool_size"] = max(POOL_LEAST, PER_SLOT * threads + BESIDE_SLOTS)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        watch(db.engine)
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)


def start_anew() -> None:
    """Give this context a new session, and close every connection that this thread still has.

    For use after an interruption: it may have come inside a commit or rollback, and then SQLAlchemy refuses to go on
    with the session, and its connection would keep its locks for ever.
    """
    with contextlib.suppress(SQLAlchemyError):  # in the middle of a change of state: then it cannot be closed
        db.session.remove()
    db.session.registry.clear()
    close_held()


def _prepare_sqlite(engine: Engine) -> None:
    event.listen(engine, "connect", _open_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    # Python's driver would begin and commit behind our back and break savepoints: take that over.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "foreign_keys = ON",
        f"synchronous = {SYNC_AT_COMMIT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("looking", False):
        return  # no transaction: each statement sees what is true when it runs
    wanted = SYNC_AT_COMMIT if options.get("durable", True) else SYNC_LATER
    if connection.info.get("synchronous", SYNC_AT_COMMIT) != wanted:
        connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
        connection.info["synchronous"] = wanted
    if options.get("writing", False):
        _take_turn(connection)
    else:
        connection.exec_driver_sql("BEGIN")


def _take_turn(connection: Connection) -> None:
    """Begin as the one writer. Raises OperationalError, "database is locked", after BUSY_TIMEOUT_MS.

    The lock is taken at the start: upgrading a read transaction later fails at once when another writer was
    faster. And it is asked for often: SQLite's own wait sleeps longer and longer, up to 100 ms at a time, so
    that one busy writer keeps all others out.
    """
    raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    raw.execute(f"PRAGMA busy_timeout = {ASK_AGAIN_MS}")
    try:
        while not _has_begun(connection, last=time.monotonic() >= deadline):
            pass
    finally:
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _has_begun(connection: Connection, *, last: bool) -> bool:
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError as error:
        if last or "locked" not in str(error.orig):
            raise
        return False
    return True
