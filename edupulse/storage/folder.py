"""Bytes are kept in a folder on this machine, on the disk before anybody is told where."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from edupulse.storage.kept import AT_ONCE, INBOUND, Kept, Stored, refusing, stored_as, stored_as_file

BEGINNINGS = "new"  # the folder of files that a crash may leave unfinished
MANY = 8  # files from which on the disk is waited for once instead of for each of them

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs = getattr(_libc, "syncfs", None)  # Linux, syncfs(2); elsewhere each file is waited for


class FolderStorage:
    """A folder on this machine; see Storage."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes, shelf: str = INBOUND) -> Stored:
        return self._put([data], shelf)[0]

    def put_many(self, items: Sequence[bytes]) -> list[Stored]:
        return self._put(items, INBOUND)

    def _put(self, items: Sequence[bytes], shelf: str) -> list[Stored]:
        stored = [stored_as(data, shelf) for data in items]
        new = {each.key: data for each, data in zip(stored, items, strict=True) if not self.exists(each.key)}
        with refusing(self._folder):
            self._keep({key: self._begun(BytesIO(data)) for key, data in new.items()})
        return stored

    def put_file(self, file: BinaryIO, shelf: str = INBOUND) -> Stored:
        with refusing(self._folder):
            stored = stored_as_file(file, shelf)
            if not self.exists(stored.key):
                self._keep({stored.key: self._begun(file)})
        return stored

    def open(self, key: str) -> BinaryIO:
        with refusing(self._folder, key):
            return (self._folder / key).open("rb")

    def read(self, key: str) -> bytes:
        with self.open(key) as file:
            return file.read()

    def exists(self, key: str) -> bool:
        return (self._folder / key).is_file()

    def delete(self, key: str) -> bool:
        with refusing(self._folder):
            try:
                (self._folder / key).unlink()
            except FileNotFoundError:
                return False
            return True

    def kept(self, shelf: str) -> Iterator[Kept]:
        with refusing(self._folder):
            for path in (self._folder / shelf).glob("*/*"):
                try:
                    facts = path.stat()
                except FileNotFoundError:
                    continue
                at = datetime.fromtimestamp(facts.st_mtime, UTC)
                yield Kept(f"{shelf}/{path.parent.name}/{path.name}", facts.st_size, at)

    def _begun(self, source: BinaryIO) -> Path:
        """Write all of `source` under a name that nobody reads."""
        place = self._folder / BEGINNINGS / token_hex(12)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with place.open("xb", buffering=0) as file:
            shutil.copyfileobj(source, file, AT_ONCE)
        return place

    def _keep(self, begun: Mapping[str, Path]) -> None:
        """Give each its key once its bytes are on the disk; then see to it that the names are on the disk too."""
        _sync(begun.values())
        changed = set()
        for key, made in begun.items():
            place = self._folder / key
            if not place.parent.is_dir():
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                changed |= {place.parent.parent, self._folder}
            os.replace(made, place)
            changed.add(place.parent)
        _sync(changed)


def _sync(paths: Collection[Path]) -> None:
    """Wait until files or folders, all on one disk, are there for good."""
    together = _syncfs is not None and len(paths) >= MANY
    for path in islice(paths, 1 if together else None):
        handle = os.open(path, os.O_RDONLY)
        try:
            _sync_all(handle) if together else os.fsync(handle)
        finally:
            os.close(handle)


def _sync_all(handle: int) -> None:
    if _syncfs and _syncfs(handle) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
