"""A backup is opened and read to its last bit: what it says it holds must be there, and its database must be sound."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edupulse.config import current_settings
from edupulse.errors import Conflict
from edupulse.upkeep import archive, objects, snapshot_postgres, snapshot_sqlite
from edupulse.upkeep.archive import END, FORMAT, MANIFEST, REDIS, STORAGE, Member, Progress, quietly
from edupulse.upkeep.damage import damaged
from edupulse.upkeep.place import READING, WORK

DATABASES = {"sqlite": snapshot_sqlite.MEMBER, "postgresql": snapshot_postgres.MEMBER}


@dataclass(frozen=True)
class Opened:
    """A backup that was verified, with what of it is needed again, in a folder that goes away."""

    path: Path
    manifest: dict[str, Any]
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / DATABASES[self.manifest["database"]]

    @property
    def redis(self) -> Path:
        return self.folder / REDIS


def verify(path: Path, beside: Path, progress: Progress = quietly) -> dict[str, Any]:
    """Return the manifest of a backup, once all of it was read and its database opened in a folder `beside`.

    Raises NotFound, Unavailable, Denied for another key, Conflict for a newer format, Invalid for a damaged one.
    """
    with opened(path, beside, progress) as found:
        return found.manifest


@contextmanager
def opened(path: Path, beside: Path, progress: Progress = quietly) -> Iterator[Opened]:
    """Verify a backup and keep what it holds, but for the storage, in a folder `beside` while the block runs."""
    folder = Path(tempfile.mkdtemp(prefix=READING, suffix=WORK, dir=_writable(beside)))
    try:
        found = Opened(path, _read(path, folder, progress), folder)
        _require_sound(found)
        yield found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def contents_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a manifest in the row of its backup."""
    kept = ("release", "made_at", "database", "schema", "rows", "redis", "storage")
    return {name: manifest[name] for name in kept}


def in_storage(path: Path, manifest: dict[str, Any], listing: Path) -> Iterator[tuple[Member, str, int]]:
    """Yield each file of the storage in a backup that was verified, with the key and the size it must have."""
    if not objects.listing_of(manifest).get("included"):
        return
    sizes = objects.read_list(listing)
    for member in archive.members(path, current_settings().backup_key):
        if member.name.startswith(objects.PREFIX):
            key = member.name.removeprefix(objects.PREFIX)
            yield member, key, next(size for listed, size in sizes if listed == key)


def _read(path: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    found = archive.members(path, current_settings().backup_key, progress)
    manifest = _manifest(found)
    for name in (DATABASES[manifest["database"]], REDIS, STORAGE):
        _keep(_next(found, name), folder, manifest["members"][name])
    _check_storage(found, manifest, folder / STORAGE)
    if next(found, None) is not None:
        raise damaged("there is more in it than there should be")
    return manifest


def _manifest(found: Iterator[Member]) -> dict[str, Any]:
    manifest = _next(found, MANIFEST).facts()
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise damaged("its manifest is none")
    if manifest["format"] > FORMAT:
        raise Conflict(
            f"This backup was made by a newer version of EduPulse ({manifest.get('release', 'unknown')}).",
            cure="Install that version or a later one, then restore it. Nothing was touched.",
        )
    if manifest.get("database") not in DATABASES or not _names_its_members(manifest):
        raise damaged("its manifest does not say what is in it")
    return manifest


def _names_its_members(manifest: dict[str, Any]) -> bool:
    """Say whether it has the form that we write; a key would tell, but a backup may have none."""
    wanted = {DATABASES[manifest["database"]], REDIS, STORAGE}
    rows, named, listed = (manifest.get(name) for name in ("rows", "members", "storage"))
    if not (isinstance(rows, dict) and isinstance(named, dict) and isinstance(listed, dict)):
        return False
    sums = [each for each in named.values() if isinstance(each, dict) and {"sha256", "bytes"} <= set(each)]
    texts = [manifest.get(name) for name in ("made_at", "release", "namespace")]
    return (
        set(named) == wanted
        and len(sums) == len(wanted)
        and all(isinstance(count, int) for count in rows.values())
        and {"included", "files", "bytes"} <= set(listed)
        and all(isinstance(each, str) for each in texts)
        and {"schema", "redis"} <= set(manifest)
    )


def _keep(member: Member, folder: Path, wanted: dict[str, Any]) -> None:
    with (folder / member.name).open("xb") as file:
        digest = member.copy(file)
    if (digest, member.size) != (wanted["sha256"], wanted["bytes"]):
        raise damaged(f"{member.name} is not the one that its manifest names")


def _check_storage(found: Iterator[Member], manifest: dict[str, Any], listing: Path) -> None:
    """Read each file that the list names, in its order; the end names those that had gone."""
    missing = []
    member = next(found, None)
    included = objects.listing_of(manifest).get("included")
    for key, size in objects.read_list(listing) if included else ():
        if member is not None and member.name == objects.PREFIX + key:
            objects.checked(member, key, size)
            member = next(found, None)
        else:
            missing.append(key)
    if member is None or member.name != END:
        raise damaged("its end is missing, or there is a file in it that its list does not name")
    if member.facts() != {"gone": missing}:
        raise damaged(
            f"{len(missing)} files of its list are not in it" if missing else "its end is another one"
        )


def _next(found: Iterator[Member], name: str) -> Member:
    member = next(found, None)
    if member is None or member.name != name:
        raise damaged(f"{name} is not where it should be")
    return member


def _require_sound(found: Opened) -> None:
    rows = {str(name): int(count) for name, count in found.manifest["rows"].items()}
    if found.manifest["database"] == "sqlite":
        snapshot_sqlite.require_sound(found.database, rows)
    else:
        snapshot_postgres.require_sound(found.database, rows)


def _writable(beside: Path) -> Path:
    beside.mkdir(mode=0o700, parents=True, exist_ok=True)
    return beside
