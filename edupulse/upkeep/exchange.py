"""The database of a backup takes the place of what there is, which is put aside and remembered for what it knows."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import inspect, text
from sqlalchemy.exc import SQLAlchemyError

from edupulse.clock import now
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.upkeep import open_mails, swap_postgres, swap_sqlite
from edupulse.upkeep.open_mails import NOTHING, Carried
from edupulse.upkeep.verify import Opened

_WHEN = re.compile(r"before[-_](\d{8}t\d{6}z)", re.IGNORECASE)  # in the name of what was put aside

log = get_logger(__name__)


@dataclass(frozen=True)
class Exchanged:
    """What became of the database that was there."""

    aside: str  # where it lies now; empty: there was none
    undo: Callable[[], None]


def exchange(found: Opened, *, held: bool) -> Exchanged:
    """Let the database of a backup take its place, in one step; `held`: with all mail on hold from that step on."""
    leave()
    hold = open_mails.hold_words(now()) if held and "sender" in found.manifest["rows"] else None
    if db.engine.dialect.name == "sqlite":
        return _exchange_file(found, hold)
    space, rows = found.manifest["namespace"], found.manifest["rows"]
    besides = hold(f"{swap_postgres.quoted(space)}.") if hold else []
    aside = swap_postgres.swap(found.database, db.engine, space, rows, now(), besides)
    return Exchanged(
        aside or "", (lambda: swap_postgres.put_back(db.engine, space, aside)) if aside else _nothing
    )


def leave() -> None:
    """Let go of every connection, so that none is to what is exchanged."""
    db.session.remove()
    db.engine.dispose()


def carried_over(made_at: datetime) -> Carried:
    """Take over what is known of mails, from each database that was put aside since the backup and can be read.

    From each, because a restore that was killed half-way had put the one aside that knows most.
    """
    total = NOTHING
    for aside in _asides(made_at):
        try:
            total += _carried_from(aside)
        except (SQLAlchemyError, sqlite3.Error) as error:
            log.warning("what was put aside cannot be read", aside=aside, reason=type(error).__name__)
    return total


def _exchange_file(found: Opened, hold: open_mails.Words | None) -> Exchanged:
    if hold:
        with closing(sqlite3.connect(found.database)) as connection, connection:
            for words in hold(""):
                connection.execute(words)
    present = _present()
    lies = swap_sqlite.swap(found.database, present, now())
    return Exchanged(str(lies or ""), (lambda: swap_sqlite.put_back(lies, present)) if lies else _nothing)


def _present() -> Path:
    return Path(db.engine.url.database or "").resolve()


def _asides(made_at: datetime) -> list[str]:
    """Return what was put aside since then, the latest first: it knows most."""
    if db.engine.dialect.name == "sqlite":
        present = _present()
        names = [str(path) for path in present.parent.glob(f"{present.name}.before-*")]
    else:
        with db.engine.connect() as connection:
            names = list(connection.execute(text("SELECT nspname FROM pg_namespace")).scalars())
    since = f"{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}".lower()
    found = {name: when[1].lower() for name in names if (when := _WHEN.search(name.rpartition("/")[2]))}
    return sorted(
        (name for name, when in found.items() if when >= since), key=found.__getitem__, reverse=True
    )


def _carried_from(aside: str) -> Carried:
    if db.engine.dialect.name == "sqlite":
        return _carried_from_file(aside)
    with db.engine.begin() as connection:
        if not inspect(connection).has_table("delivery", schema=aside):
            return NOTHING
        columns = [column["name"] for column in inspect(connection).get_columns("delivery", schema=aside)]
        return open_mails.carry_over(_executing(connection), swap_postgres.quoted(aside), columns)


def _executing(connection: Any) -> Callable[[str], open_mails.Rows]:
    return lambda words: connection.execute(text(words))


def _carried_from_file(aside: str) -> Carried:
    with closing(sqlite3.connect(_present(), isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS aside", (aside,))
        columns = [row[1] for row in connection.execute("PRAGMA aside.table_info(delivery)")]
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            return open_mails.carry_over(connection.execute, "aside", columns)


def _nothing() -> None:
    """Nothing was there before."""
