"""The files of the storage go into a backup and come out of it, each checked by the sum that its key ends in."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from edupulse.errors import NotFound
from edupulse.storage import SHELVES, FolderStorage, storage
from edupulse.upkeep.archive import Member, Writer
from edupulse.upkeep.damage import damaged

PREFIX = "storage/"
IN_MEMORY = 1 << 20  # bytes of a file on its way back; what is larger goes over the disk
_KEY = re.compile(rf"({'|'.join(SHELVES)})/([0-9a-f])/(\2[0-9a-f]{{63}})")


@dataclass
class Listed:
    """How many files there are, and how many bytes."""

    files: int = 0
    bytes: int = 0


@dataclass
class Gone:
    """The keys of files that were deleted between the listing and the copying."""

    keys: list[str] = field(default_factory=list)


def are_here() -> bool:
    """Say whether the storage is a folder of this machine: an object store keeps its own copies."""
    return isinstance(storage(), FolderStorage)


def write_list(target: IO[bytes]) -> Listed:
    """Write one line for each file of the storage."""
    listed = Listed()
    for shelf in SHELVES:
        for kept in storage().kept(shelf):
            if _KEY.fullmatch(kept.key):
                target.write(json.dumps({"key": kept.key, "size": kept.size}).encode() + b"\n")
                listed.files, listed.bytes = listed.files + 1, listed.bytes + kept.size
    return listed


def read_list(path: Path) -> Iterator[tuple[str, int]]:
    """Yield key and size of each file that a list names; raises Invalid for what is no key."""
    with path.open("rb") as lines:
        for line in lines:
            try:
                facts = json.loads(line)
                key, size = str(facts["key"]), int(facts["size"])
            except (ValueError, KeyError, TypeError):
                raise damaged("the list of its files cannot be read") from None
            if not _KEY.fullmatch(key):
                raise damaged("the list of its files names what is no file of ours")
            yield key, size


def add(writer: Writer, key: str, size: int) -> bool:
    """Add one file; False where it was deleted meanwhile."""
    try:
        file = storage().open(key)
    except NotFound:
        return False
    with file:
        writer.file(PREFIX + key, file, size)
    return True


def checked(member: Member, key: str, size: int) -> None:
    """Read a file through; raise Invalid unless it is the one that its key names."""
    digest = sha256()
    for piece in member.pieces():
        digest.update(piece)
    _require(member, digest.hexdigest(), key, size)


def put_back(member: Member, key: str, size: int) -> bool:
    """Put a file into the storage where it is missing; say whether it was. Raises Invalid as `checked` does."""
    if storage().exists(key):
        checked(member, key, size)
        return False
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as file:
        _require(member, member.copy(file), key, size)  # type: ignore[arg-type]
        storage().put_file(file, key.partition("/")[0])  # type: ignore[arg-type]
    return True


def _require(member: Member, digest: str, key: str, size: int) -> None:
    if member.size != size or not key.endswith(digest):
        raise damaged(f"the file {key} in it is another one")


def listing_of(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of the storage."""
    found: dict[str, Any] = manifest.get("storage", {})
    return found


def bytes_here() -> int:
    """Return how many bytes the storage has."""
    return sum(kept.size for shelf in SHELVES for kept in storage().kept(shelf))
