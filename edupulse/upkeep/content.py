"""What goes into a backup: database, Redis and storage are copied beside one another, then packed into one file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from redis.exceptions import RedisError
from sqlalchemy import text

from edupulse import schema
from edupulse.config import current_settings
from edupulse.control import progress
from edupulse.control.connection import redis_connection
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.sealing import key_id
from edupulse.upkeep import archive, objects, redis_keys, snapshot_postgres, snapshot_sqlite
from edupulse.upkeep.archive import AT_ONCE, END, FORMAT, MANIFEST, REDIS, STORAGE
from edupulse.upkeep.verify import DATABASES
from edupulse.version import VERSION

# What of the way is behind us when a step begins, in percent: told to whoever looks at the run.
COPYING, PACKING, READING, DONE = 0, 30, 65, 100

log = get_logger(__name__)


@dataclass(frozen=True)
class Content:
    """What goes into the file: the manifest and the members that lie in a folder."""

    manifest: dict[str, Any]
    folder: Path

    @property
    def with_storage(self) -> bool:
        return bool(objects.listing_of(self.manifest)["included"])


def collect(work: Path, moment: datetime, *, with_storage: bool) -> Content:
    """Copy the database first: what the rest knows beyond it is tidied up after a restore, and never the reverse."""
    kind = db.engine.dialect.name
    rows, step = _copy_database(work / DATABASES[kind])
    with (work / REDIS).open("xb") as file:
        redis = _save_redis(file, moment)
    with (work / STORAGE).open("xb") as file:
        listed = objects.write_list(file)
    names = (DATABASES[kind], REDIS, STORAGE)
    manifest = {
        "format": FORMAT,
        "release": VERSION,
        "made_at": moment.isoformat(),
        "database": kind,
        "schema": step,
        "namespace": _namespace(kind),
        "rows": rows,
        "redis": redis,
        "storage": {"included": with_storage, "files": listed.files, "bytes": listed.bytes},
        "sealed_with": [key_id(key) for key in current_settings().encryption_keys],
        "members": {
            name: {"sha256": sum_of(work / name), "bytes": (work / name).stat().st_size} for name in names
        },
    }
    return Content(manifest, work)


def _copy_database(target: Path) -> tuple[dict[str, int], str | None]:
    db.session.rollback()  # no read transaction of ours, older than the copy, may stay open beside it
    if db.engine.dialect.name == "postgresql":
        progress.report(COPYING, DONE, "Copying the database")
        return snapshot_postgres.dump(db.engine, target), schema.present_step()
    source = Path(db.engine.url.database or "")
    snapshot_sqlite.copy(source, target, telling(COPYING, PACKING, "Copying the database"))
    return snapshot_sqlite.rows(target), snapshot_sqlite.schema_of(target)


def _namespace(kind: str) -> str:
    if kind != "postgresql":
        return ""
    with db.engine.connect() as connection:
        return str(connection.execute(text("SELECT current_schema()")).scalar_one())


def _save_redis(file: IO[bytes], moment: datetime) -> dict[str, Any]:
    """Write down what stands in Redis; it is no loss when it is away, for the database has every job."""
    try:
        return {"keys": redis_keys.save(redis_connection(), file, moment), "note": ""}
    except RedisError as error:
        log.warning("backup without Redis", reason=type(error).__name__)
        file.seek(0)
        file.truncate()
        return {"keys": 0, "note": f"Redis could not be reached ({type(error).__name__})."}


def pack(begun: Path, content: Content) -> None:
    """Write the file: the manifest first, then what it names, then which files had gone meanwhile."""
    tell = telling(PACKING, READING, "Packing")
    total = sum(each["bytes"] for each in content.manifest["members"].values())
    total += objects.listing_of(content.manifest)["bytes"] if content.with_storage else 0
    done = 0
    with archive.written(begun, current_settings().backup_key) as writer:
        writer.facts(MANIFEST, content.manifest)
        for name, facts in content.manifest["members"].items():
            with (content.folder / name).open("rb") as file:
                writer.file(name, file, facts["bytes"])
            tell(done := done + facts["bytes"], total)
        gone = []
        for key, size in objects.read_list(content.folder / STORAGE) if content.with_storage else ():
            if not objects.add(writer, key, size):
                gone.append(key)
            tell(done := done + size, total)
        writer.facts(END, {"gone": gone})


def room_needed(*, with_storage: bool) -> int:
    """Return the bytes that copy and file may take together, at most."""
    if db.engine.dialect.name == "sqlite":
        database = os.path.getsize(db.engine.url.database or "")
    else:
        with db.engine.connect() as connection:
            sized = connection.execute(text("SELECT pg_database_size(current_database())"))
            database = int(sized.scalar_one())
    listed = objects.bytes_here() if with_storage else 0
    return 3 * database + listed  # the copy, the file, and once more the copy while it is read


def telling(begin: int, end: int, note: str) -> Callable[[int, int], None]:
    """Return a progress that goes from `begin` to `end` percent."""

    def tell(done: int, total: int) -> None:
        progress.report(begin + (end - begin) * done // max(total, 1), DONE, note)

    return tell


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()
