"""The file of a backup: members one after the other, the manifest first, each with the sum that the manifest names.

    manifest.json    what is in the backup: format, release, schema, rows by table, size and SHA-256 of the members
    database.*       the database
    redis.jsonl      the keys of Redis, one a line
    storage.jsonl    the files of the storage, one a line
    storage/KEY      each of these files; its key ends in its SHA-256
    end.json         which files were deleted while the backup was made

It is a tar file (POSIX.1-2001, pax), packed (packing.py) and, with a key, encrypted (encryption.py). It is written and
read piece by piece: neither needs memory for more than one piece.
"""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from edupulse.errors import NotFound, Unavailable
from edupulse.secret import Secret
from edupulse.upkeep.damage import damaged
from edupulse.upkeep.encryption import MAGIC, Decrypting, Encrypting
from edupulse.upkeep.packing import Packing, Unpacking

FORMAT = 1
MANIFEST, REDIS, STORAGE, END = "manifest.json", "redis.jsonl", "storage.jsonl", "end.json"
LARGEST_FACTS = 4_000_000  # bytes of the manifest or the end: they are read whole
AT_ONCE = 1 << 18  # bytes

Progress = Callable[[int, int], None]


def quietly(done: int, total: int) -> None:
    """Tell nobody how far it is."""


class Writer:
    """Adds members to a backup."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar

    def facts(self, name: str, facts: object) -> None:
        data = json.dumps(facts, ensure_ascii=False, indent=1).encode()
        self.file(name, BytesIO(data), len(data))

    def file(self, name: str, file: BinaryIO, size: int) -> None:
        """Add `size` bytes of `file`; raises OSError where it has fewer."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        self._tar.addfile(entry, file)
        _forget(self._tar)


@contextmanager
def written(path: Path, key: Secret) -> Iterator[Writer]:
    """Write a new backup at `path`, readable by us alone; after the block it is whole and on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        sealing = Encrypting(file, key) if key else None
        packing = Packing(sealing or file)
        with tarfile.open(fileobj=cast(BinaryIO, packing), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            yield Writer(tar)
        packing.close()
        if sealing:
            sealing.close()
        file.flush()
        os.fsync(file.fileno())


class Member:
    """One member, to be read once, from its beginning to its end."""

    def __init__(self, name: str, size: int, file: BinaryIO, note: Callable[[], None]) -> None:
        self.name, self.size = name, size
        self._file, self._note = file, note

    def pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(AT_ONCE):
            yield piece
            self._note()

    def facts(self) -> Any:
        """Return what it says in JSON."""
        if self.size > LARGEST_FACTS:
            raise damaged(f"{self.name} is too large")
        try:
            return json.loads(b"".join(self.pieces()))
        except ValueError:
            raise damaged(f"{self.name} cannot be read") from None

    def copy(self, target: BinaryIO) -> str:
        """Write it to `target` and return its SHA-256."""
        digest = sha256()
        for piece in self.pieces():
            digest.update(piece)
            target.write(piece)
        return digest.hexdigest()


def members(path: Path, key: Secret, progress: Progress = quietly) -> Iterator[Member]:
    """Yield each member of the backup at `path`, in order; each must be read before the next is asked for.

    When the last was given, every bit of the file has been looked at. Raises NotFound, Unavailable, Denied for another
    key, Invalid for a damaged one.
    """
    encrypted = is_encrypted(path)
    with _opened(path) as file:
        note = partial(_tell, progress, file, os.fstat(file.fileno()).st_size)
        unpacking = Unpacking(Decrypting(file, key) if encrypted else file)
        try:
            with tarfile.open(fileobj=cast(BinaryIO, unpacking), mode="r|", bufsize=AT_ONCE) as tar:
                for entry in tar:
                    _forget(tar)
                    yield Member(entry.name, entry.size, _content(tar, entry), note)
        except (tarfile.TarError, EOFError) as error:
            raise damaged(f"it is no archive ({error})") from None
        unpacking.drain()


def is_encrypted(path: Path) -> bool:
    """Say whether the backup at `path` needs a key."""
    with _opened(path) as file:
        return file.read(len(MAGIC)) == MAGIC


def _forget(tar: tarfile.TarFile) -> None:
    """Let it not remember each member that it has met: they are many."""
    tar.members.clear()  # type: ignore[attr-defined]


def _tell(progress: Progress, file: BinaryIO, size: int) -> None:
    progress(file.tell(), size)


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo) -> BinaryIO:
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is None:
        raise damaged(f"{entry.name[:80]!r} in it is no file")
    return cast(BinaryIO, content)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError:
        raise NotFound(
            f"There is no file {path}.", cure="`python cli.py backup list` names the backups."
        ) from None
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be read: {error.strerror or error}.", cure="Look at its disk."
        ) from error
