"""An SQLite database is copied as it is at one moment while others go on writing, and a copy is looked through.

SQLite's online backup (https://sqlite.org/backup.html) begins anew whenever another connection writes between two
steps. Inside a read transaction of ours in WAL mode it sees one snapshot from its first page to its last, and holds up
nobody.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from edupulse.database import BUSY_TIMEOUT_MS
from edupulse.errors import Unavailable
from edupulse.upkeep.damage import damaged

MEMBER = "database.sqlite"
PAGES = 4096  # of 4 KiB each: between two steps the progress is told

Progress = Callable[[int, int], None]


def copy(source: Path, target: Path, progress: Progress) -> None:
    """Write what `source` holds at one moment to the new file `target`. Raises Unavailable when it cannot be read."""
    try:
        with closing(_reading(source)) as reading, closing(_connected(target)) as writing:
            writing.execute("PRAGMA synchronous = OFF")  # it is waited for once, at the end
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_master")  # from here on one snapshot
            reading.backup(writing, pages=PAGES, progress=lambda _, left, all: progress(all - left, all))
            writing.execute("PRAGMA journal_mode = DELETE")  # one file, without one beside it
    except sqlite3.Error as error:
        raise Unavailable(
            f"The database could not be copied: {error}.",
            cure="`python cli.py doctor` looks at it and at the disk.",
        ) from error
    _sync(target)


def rows(copied: Path) -> dict[str, int]:
    """Return how many rows each table of a copy has."""
    with closing(_reading(copied)) as connection:
        names = [name for (name,) in connection.execute(TABLES)]
        counted = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone() for name in names}  # noqa: S608
    return {name: count for name, (count,) in counted.items()}


def schema_of(copied: Path) -> str | None:
    """Return the step its schema stands at."""
    with closing(_reading(copied)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def require_sound(copied: Path, expected: dict[str, int]) -> None:
    """Look through the whole of a copy; raise Invalid unless it is sound and has the `expected` rows."""
    with refusing_damage(), closing(_reading(copied)) as connection:
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if said != "ok":
            raise damaged(f"its database says {said}")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise damaged(f"a row of {broken[0]} in its database names one of {broken[2]} that is not there")
    with refusing_damage():
        require_rows(rows(copied), expected)


def require_rows(found: dict[str, int], expected: dict[str, int]) -> None:
    """Raise Invalid unless the tables and their rows are those that the manifest names."""
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            raise damaged(
                f"{name} has {found.get(name, 'no')} rows in it, and should have {expected.get(name, 'none')}"
            )


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Turn what SQLite says of a damaged file into our refusal."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise damaged(f"its database cannot be read ({error})") from None


TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"


def _reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return sqlite3.connect(path, isolation_level=None)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
