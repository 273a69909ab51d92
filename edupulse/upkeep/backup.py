"""One backup from its first line to its name: copied, packed, read again, and only then called by its name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from redis.exceptions import RedisError
from sqlalchemy import select, text

from edupulse import schema
from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control import progress, sending
from edupulse.control.connection import redis_connection
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.notifications.notify import tell_role
from edupulse.sealing import key_id
from edupulse.transaction import transaction
from edupulse.upkeep import archive, objects, place, redis_keys, rotation, snapshot_postgres, snapshot_sqlite
from edupulse.upkeep.archive import AT_ONCE, END, FORMAT, MANIFEST, REDIS, STORAGE
from edupulse.upkeep.models import Backup
from edupulse.upkeep.verify import DATABASES, contents_of, verify
from edupulse.version import VERSION

# What of the way is behind us when a step begins, in percent: told to whoever looks at the run.
COPYING, PACKING, READING, DONE = 0, 30, 65, 100
JOB = "upkeep.backup_database"
LONGEST_ERROR = 500  # characters, as the column

log = get_logger(__name__)


def ask(*, actor: str) -> JobRun:
    """Let a worker make a backup; return the run, or the one that is under way already."""
    return sending.send(JOB, {}, actor=actor, unique_key="backup")


def make(*, actor: str, with_storage: bool | None = None) -> Backup:
    """Make a backup, verify it, delete those that are older than BACKUP_KEEP_DAYS; return its row.

    The files of the storage are in it where they are in a folder of this machine, or as `with_storage` says. Writers
    go on writing. Raises Conflict while another backup is made here, Unavailable for a folder, a disk or a program
    that cannot be used; the row then is failed and the administrators are told.
    """
    with ExitStack() as held:
        folder = place.folder()
        held.enter_context(place.working(folder))
        rotation.settle_killed(folder)
        backup = _begun(folder, actor)
        try:
            made = tempfile.TemporaryDirectory(prefix=place.MAKING, suffix=place.WORK, dir=folder)
            work = Path(held.enter_context(made))
            _write(folder / backup.name, work, with_storage=_storage_wanted(with_storage), backup=backup)
            progress.report(DONE, DONE, "Verified")
        except BaseException as error:
            _note_failure(backup, error)
            if isinstance(error, OSError):
                raise place.unusable(folder, error) from error
            raise
        rotation.prune_in(folder, now())
    return backup


def _storage_wanted(asked: bool | None) -> bool:
    return objects.are_here() if asked is None else asked


def _begun(folder: Path, actor: str) -> Backup:
    moment, encrypted = now(), bool(current_settings().backup_key)
    with transaction() as session:
        # Also those of another machine, of failed ones, and of files that no row names.
        named = session.scalars(select(Backup.name).where(Backup.name.startswith(place.stem_for(moment))))
        taken = [*named, *(path.name for path in place.files(folder))]
        backup = Backup(
            name=place.name_for(moment, taken, encrypted=encrypted),
            host=place.host(),
            actor=actor[:320],
            encrypted=encrypted,
            state="running",
            started_at=moment,
        )
        session.add(backup)
        session.flush()
        record(actor, "backup.create", f"backup:{backup.id}", name=backup.name)
    return backup


def _write(finished: Path, work: Path, *, with_storage: bool, backup: Backup) -> None:
    place.require_room(work, _room_needed(with_storage=with_storage))
    content = _collect(work, backup.started_at, with_storage=with_storage)
    begun = finished.with_name(finished.name + place.PART)
    try:
        _pack(begun, content)
        verify(begun, work, _telling(READING, DONE, "Reading it again"))
        digest, size = _sum(begun), begun.stat().st_size
        place.rename(begun, finished)
    finally:
        begun.unlink(missing_ok=True)
    _note_success(backup, digest, size, content.manifest)


@dataclass(frozen=True)
class _Content:
    """What goes into the file: the manifest and the members that lie in a folder."""

    manifest: dict[str, Any]
    folder: Path

    @property
    def with_storage(self) -> bool:
        return bool(objects.listing_of(self.manifest)["included"])


def _collect(work: Path, moment: datetime, *, with_storage: bool) -> _Content:
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
            name: {"sha256": _sum(work / name), "bytes": (work / name).stat().st_size} for name in names
        },
    }
    return _Content(manifest, work)


def _copy_database(target: Path) -> tuple[dict[str, int], str | None]:
    db.session.rollback()  # no read transaction of ours, older than the copy, may stay open beside it
    if db.engine.dialect.name == "postgresql":
        progress.report(COPYING, DONE, "Copying the database")
        return snapshot_postgres.dump(db.engine, target), schema.present_step()
    source = Path(db.engine.url.database or "")
    snapshot_sqlite.copy(source, target, _telling(COPYING, PACKING, "Copying the database"))
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


def _pack(begun: Path, content: _Content) -> None:
    telling = _telling(PACKING, READING, "Packing")
    total = sum(each["bytes"] for each in content.manifest["members"].values())
    total += objects.listing_of(content.manifest)["bytes"] if content.with_storage else 0
    done = 0
    with archive.written(begun, current_settings().backup_key) as writer:
        writer.facts(MANIFEST, content.manifest)
        for name, facts in content.manifest["members"].items():
            with (content.folder / name).open("rb") as file:
                writer.file(name, file, facts["bytes"])
            telling(done := done + facts["bytes"], total)
        gone = []
        for key, size in objects.read_list(content.folder / STORAGE) if content.with_storage else ():
            if not objects.add(writer, key, size):
                gone.append(key)
            telling(done := done + size, total)
        writer.facts(END, {"gone": gone})


def _note_success(backup: Backup, digest: str, size: int, manifest: dict[str, Any]) -> None:
    with transaction() as session:
        found = session.merge(backup)
        found.state, found.verified_at, found.error = "verified", now(), ""
        found.sha256, found.bytes = digest, size
        found.contents = contents_of(manifest)
    log.info("backup made", name=backup.name, bytes=size)


def _note_failure(backup: Backup, error: BaseException) -> None:
    said = (str(error).strip() or type(error).__name__)[:LONGEST_ERROR]
    log.error("backup failed", name=backup.name, reason=said)
    with suppress(Unavailable), transaction() as session:
        found = session.merge(backup)
        found.state, found.error = "failed", said
        facts = {"error": said}
        tell_role("admin", "backup_failed", f"backup_failed:{backup.id}", facts, link=f"/backups/{backup.id}")


def _room_needed(*, with_storage: bool) -> int:
    """Return the bytes that copy and file may take together, at most."""
    if db.engine.dialect.name == "sqlite":
        database = os.path.getsize(db.engine.url.database or "")
    else:
        with db.engine.connect() as connection:
            sized = connection.execute(text("SELECT pg_database_size(current_database())"))
            database = int(sized.scalar_one())
    listed = objects.bytes_here() if with_storage else 0
    return 3 * database + listed  # the copy, the file, and once more the copy while it is read


def _telling(begin: int, end: int, note: str) -> Callable[[int, int], None]:
    """Return a progress that goes from `begin` to `end` percent."""

    def tell(done: int, total: int) -> None:
        progress.report(begin + (end - begin) * done // max(total, 1), DONE, note)

    return tell


def _sum(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()
