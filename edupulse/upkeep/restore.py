"""A backup becomes what there is: verified whole first, what was there put aside, and put back when it fails.

The steps, each of which may be the last one and be begun again: (1) all of the backup is read and its database opened;
(2) missing files are written to the storage, where more does no harm; (3) the database takes its place, in one step of
the file system or one transaction, with its mail on hold; (4) its schema is brought up to date and the open mails are
decided about; (5) Redis gets its keys, of which none is needed: the database has every job.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import make_url, update

from edupulse import schema
from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.connection import redis_connection
from edupulse.database import db
from edupulse.errors import Conflict, Invalid, Unavailable
from edupulse.logs import get_logger
from edupulse.sealing import key_id
from edupulse.transaction import transaction
from edupulse.upkeep import exchange, objects, open_mails, place, redis_keys, standstill
from edupulse.upkeep.archive import STORAGE, Progress, quietly
from edupulse.upkeep.models import Backup
from edupulse.upkeep.open_mails import CHOICES, HOLD, SEND
from edupulse.upkeep.verify import Opened, contents_of, in_storage, opened

REDIS_CURE = "Start it, then restore again; or add --force: the queues are rebuilt from the database."

AWAY = "Redis was away: it keeps what it had, and the queues are rebuilt from the database."

log = get_logger(__name__)


@dataclass
class Restored:
    """What a restore did."""

    name: str
    made_at: datetime
    rows: int
    files: int  # that were missing in the storage
    keys: int  # in Redis
    aside: str  # where what was there lies now; empty: there was nothing
    mails_open: int
    mails_known: int  # of which the database that was put aside knew what became of them
    notes: list[str] = field(default_factory=list)


def restore(
    path: Path, *, actor: str, mails: str = HOLD, force: bool = False, progress: Progress = quietly
) -> Restored:
    """Make the backup at `path` what there is; `mails` says what becomes of those that were open in it.

    Raises Invalid for a damaged one, Denied for another key, Conflict while EduPulse works (unless `force`), for a
    newer schema and another kind of database, Unavailable while Redis is away (unless `force`); then nothing was
    changed. When it fails later, the database that was there is put back before the error is raised.
    """
    if mails not in CHOICES:
        raise Invalid(
            f"mails cannot be {mails!r}.", cure=f"Choose one of {', '.join(CHOICES)}.", field="mails"
        )
    beside = _beside()
    place.tidy_readings(beside, now())
    with opened(path, beside, progress) as found:
        _require_fitting(found.manifest)
        has_redis = _require_quiet(force=force)
        made = Restored(
            path.name, datetime.fromisoformat(found.manifest["made_at"]), sum(found.manifest["rows"].values()),
            files=_put_back_files(found), keys=0, aside="", mails_open=0, mails_known=0,
        )  # fmt: skip
        _replace(found, made, mails, actor)
        _fill_redis(found, made, has_redis=has_redis)
        _note_keys(found.manifest, made)
    log.info("backup restored", name=made.name, rows=made.rows, files=made.files, keys=made.keys)
    return made


def _beside() -> Path:
    """Return the folder to open a backup in: on the disk of the database, so that it moves in one step."""
    url = make_url(current_settings().database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(url.database).resolve().parent
    return current_settings().data_dir


def _require_fitting(manifest: dict[str, Any]) -> None:
    kind = db.engine.dialect.name
    if manifest["database"] != kind:
        raise Conflict(
            f"This backup holds a database of {manifest['database']}; DATABASE_URL names one of {kind}.",
            cure=f"Set DATABASE_URL to a database of {manifest['database']}, then restore. Nothing was touched.",
        )
    step = manifest["schema"]
    if step is not None and not schema.is_known(step):
        raise Conflict(
            f"This backup was made by EduPulse {manifest['release']}, which is newer than this version.",
            cure="Install that version or a later one, then restore. Nothing was touched.",
            schema=step,
        )


def _require_quiet(*, force: bool) -> bool:
    """Say whether Redis can be reached."""
    has_redis = True
    try:
        redis_connection().ping()
    except RedisError as error:
        if not force:
            raise Unavailable(
                f"Redis cannot be reached ({type(error).__name__}).", cure=REDIS_CURE
            ) from error
        has_redis = False
    if not force:
        standstill.require()
    return has_redis


def _put_back_files(found: Opened) -> int:
    listing = found.folder / STORAGE
    return sum(
        objects.put_back(member, key, size)
        for member, key, size in in_storage(found.path, found.manifest, listing)
    )


def _replace(found: Opened, made: Restored, mails: str, actor: str) -> None:
    """Let the database take its place and make it fit; put back what was there when that fails."""
    exchanged = exchange.exchange(found, held=mails != SEND)
    try:
        schema.upgrade()
        carried = exchange.carried_over(made.made_at)
        made.mails_open, made.mails_known = open_mails.count(), carried.outcomes + carried.later
        if carried.stops:
            made.notes.append(f"Taken over: {carried.stops} addresses that are to get no mail any more.")
        with transaction():
            open_mails.decide(mails, actor)
            _settle_row(found)
            made_at = found.manifest["made_at"]
            record(actor, "backup.restore", f"backup:{found.path.name}", made_at=made_at, mails=mails)
    except BaseException:
        exchange.leave()
        exchanged.undo()
        raise
    made.aside = exchanged.aside


def _settle_row(found: Opened) -> None:
    """Give the backup its outcome in its own database, where it is under way for ever."""
    own = update(Backup).where(
        Backup.state == "running", Backup.started_at == datetime.fromisoformat(found.manifest["made_at"])
    )
    with transaction() as session:
        contents, size = contents_of(found.manifest), found.path.stat().st_size
        session.execute(own.values(state="verified", verified_at=now(), bytes=size, contents=contents))


def _fill_redis(found: Opened, made: Restored, *, has_redis: bool) -> None:
    if not has_redis:
        made.notes.append(AWAY)
        return
    try:
        redis_keys.clear(redis_connection())
        with found.redis.open("rb") as source:
            counted = redis_keys.load(redis_connection(), source, now())
    except RedisError as error:
        log.warning("Redis not restored", reason=type(error).__name__)
        made.notes.append("Redis did not take its keys; the queues are rebuilt from the database.")
        return
    made.keys = counted["keys"]
    if counted["foreign"]:
        left = f"{counted['foreign']} keys are of the form of another Redis and were left out"
        made.notes.append(f"{left}; the queues are rebuilt from the database.")


def _note_keys(manifest: dict[str, Any], made: Restored) -> None:
    here = {key_id(key) for key in current_settings().encryption_keys}
    if missing := sorted(set(manifest.get("sealed_with", [])) - here):
        made.notes.append(
            f"Passwords of mailboxes may be sealed with the key {', '.join(missing)}, which is not in ENCRYPTION_KEYS: "
            "add it there, or enter the passwords again."
        )
    if not manifest["storage"]["included"]:
        made.notes.append("The files of the storage are not in this backup; they must be in STORAGE_URL.")
