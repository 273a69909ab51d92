"""One backup from its first line to its name: copied, packed, read again, and only then called by its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import select

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control import progress, sending
from edupulse.control.models import JobRun
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.notifications.notify import tell_role
from edupulse.transaction import transaction
from edupulse.upkeep import content, objects, place, rotation
from edupulse.upkeep.content import DONE, READING
from edupulse.upkeep.models import Backup
from edupulse.upkeep.verify import contents_of, verify

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
        with _telling_of_the_folder():
            folder = place.folder()
            held.enter_context(place.working(folder))
        rotation.settle_killed(folder)
        backup = _begun(folder, actor)
        with _noting_failure(backup, folder), place.work_in(folder) as work:
            _write(folder / backup.name, work, with_storage=_storage_wanted(with_storage), backup=backup)
        progress.report(DONE, DONE, "Verified")
        rotation.prune_in(folder, now())
    return backup


@contextmanager
def _telling_of_the_folder() -> Iterator[None]:
    """Tell the administrators of a folder that cannot be used, once a day: there is no backup to say it of."""
    try:
        yield
    except Unavailable as error:
        with suppress(Unavailable):
            said = {"error": str(error)[:LONGEST_ERROR]}
            tell_role("admin", "backup_failed", f"backup_failed:{now():%Y-%m-%d}", said, link="/backups")
        raise


@contextmanager
def _noting_failure(backup: Backup, folder: Path) -> Iterator[None]:
    """Let a failure stand in the row; once the file has its name it is none, and the next look settles the row."""
    try:
        yield
    except BaseException as error:
        refusal = place.unusable(folder, error) if isinstance(error, OSError) else error
        if not (folder / backup.name).is_file():
            _note_failure(backup, refusal)
        if refusal is error:
            raise
        raise refusal from error


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
    place.require_room(work, content.room_needed(with_storage=with_storage))
    copied = content.collect(work, backup.started_at, with_storage=with_storage)
    begun = finished.with_name(finished.name + place.PART)
    try:
        content.pack(begun, copied)
        verify(begun, work, content.telling(READING, DONE, "Reading it again"))
        digest, size = content.sum_of(begun), begun.stat().st_size
        place.rename(begun, finished)
    finally:
        begun.unlink(missing_ok=True)
    _note_success(backup, digest, size, copied.manifest)


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
