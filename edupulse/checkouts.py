"""Which thread has which connection of the pool, so that what an interruption left in its hands can be closed."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import ConnectionPoolEntry

_held: dict[int, set[ConnectionPoolEntry]] = {}  # by thread; each changes only its own set


def watch(engine: Engine) -> None:
    """Note from now on who takes connections of `engine`."""
    event.listen(engine, "checkout", _taken)
    event.listen(engine, "checkin", _returned)


def close_held() -> None:
    """Close every connection that this thread still has; the pool opens others in their place."""
    for entry in list(_held.pop(threading.get_ident(), ())):
        entry.invalidate()


def _taken(connection: Any, entry: ConnectionPoolEntry, proxy: Any) -> None:
    _held.setdefault(threading.get_ident(), set()).add(entry)


def _returned(connection: Any, entry: ConnectionPoolEntry) -> None:
    for entries in list(_held.values()):  # a collected one is returned by whichever thread collects
        entries.discard(entry)
