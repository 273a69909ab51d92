"""Commit first, hand over afterwards: what a block wrote becomes true before anybody is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from sqlalchemy import CursorResult, Executable
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger

Handler = Callable[[list[Any]], None]

log = get_logger(__name__)


@contextmanager
def transaction(*, durable: bool = True) -> Iterator[Session]:
    """Run the block in one write transaction, then call what `after_commit` registered.

    A transaction inside another joins it. Raises Unavailable when the database stays locked or its disk is full.
    One that is not `durable` survives every crash of a process, and a power cut only once a later durable
    one has committed: for facts whose loss is noticed and mended, such as heartbeats. It saves the wait for the disk.
    """
    session = db.session()
    if session.info.get("in_transaction"):
        yield session
        return
    _begin(session, durable)
    try:
        yield session
        session.commit()
    except BaseException as error:
        session.rollback()
        session.info["after_commit"] = {}
        if refusal := _in_words(error):
            raise refusal from error
        raise
    finally:
        session.info["in_transaction"] = False
    _hand_over(session)


def look_anew() -> None:
    """End an older snapshot, so that the next question sees the present; a transaction that is under way stays."""
    if not db.session().info.get("in_transaction"):
        db.session.rollback()


def rows_changed(session: Session, change: Executable, values: Mapping[str, Any] | None = None) -> int:
    """Run an UPDATE or DELETE and return how many rows it moved: one means "it is ours", none "somebody was faster"."""
    return cast("CursorResult[Any]", session.execute(change, values)).rowcount


def after_commit(handler: Handler, item: Any) -> None:
    """Call `handler` with all items registered for it, once the running transaction has committed."""
    session = db.session()
    if not session.info.get("in_transaction"):
        handler([item])
        return
    session.info.setdefault("after_commit", {}).setdefault(handler, []).append(item)


def _begin(session: Session, durable: bool) -> None:
    if session.in_transaction():
        _end_reading(session)
    session.expire_all()
    session.info["after_commit"] = {}
    try:
        connection = session.connection(execution_options={"writing": True, "durable": durable})
        if not durable and connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
    except OperationalError as error:
        session.rollback()
        if refusal := _in_words(error):
            raise refusal from error
        raise
    session.info["in_transaction"] = True


def _end_reading(session: Session) -> None:
    """End a read transaction, so that the block sees the present state; one that the database has ended is over."""
    would_be_lost = bool(session.new or session.dirty or session.deleted)
    try:
        session.commit()
    except DBAPIError as error:
        session.rollback()
        if would_be_lost or not error.connection_invalidated:
            raise


def _hand_over(session: Session) -> None:
    waiting, session.info["after_commit"] = session.info.get("after_commit", {}), {}
    for handler, items in waiting.items():
        try:
            handler(items)
        except Unavailable as error:
            # The rows are committed: the reconciler hands them over when Redis is back.
            log.warning("handing over must wait", reason=error.message, items=len(items))


# What the database says (SQLite, PostgreSQL), and what that means to a person.
_TO_A_PERSON = (
    (("database is locked",), "The database is locked by another program.", "try again in a moment."),
    (
        ("disk is full", "No space left on device"),
        "The disk of the database is full.",
        "make room on it, then try again.",
    ),
)


def _in_words(error: BaseException) -> Unavailable | None:
    if not isinstance(error, OperationalError):
        return None
    for said, message, cure in _TO_A_PERSON:
        if any(words in str(error.orig) for words in said):
            return Unavailable(message, cure=f"Nothing was changed; {cure}")
    return None
