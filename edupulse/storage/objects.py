"""Bytes are kept in an object store, or any other place that fsspec reaches."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, cast

from edupulse.storage.kept import AT_ONCE, INBOUND, Kept, Stored, refusing, stored_as, stored_as_file

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class ObjectStorage:
    """A bucket and a prefix in it; see Storage."""

    def __init__(self, filesystem: AbstractFileSystem, root: str) -> None:
        self._filesystem = filesystem
        self._root = root.rstrip("/")

    def put(self, data: bytes, shelf: str = INBOUND) -> Stored:
        return self._put([data], shelf)[0]

    def put_many(self, items: Sequence[bytes]) -> list[Stored]:
        return self._put(items, INBOUND)

    def _put(self, items: Sequence[bytes], shelf: str) -> list[Stored]:
        stored = [stored_as(data, shelf) for data in items]
        with self._refusing():  # all at once, where the store can do that
            self._filesystem.pipe(
                {self._path(each.key): data for each, data in zip(stored, items, strict=True)}
            )
        return stored

    def put_file(self, file: BinaryIO, shelf: str = INBOUND) -> Stored:
        stored = stored_as_file(file, shelf)
        with self._refusing(), self._filesystem.open(self._path(stored.key), "wb") as target:
            shutil.copyfileobj(file, target, AT_ONCE)
        return stored

    def open(self, key: str) -> BinaryIO:
        with self._refusing(key):
            return cast(BinaryIO, self._filesystem.open(self._path(key), "rb"))

    def read(self, key: str) -> bytes:
        with self.open(key) as file, self._refusing(key):
            return file.read()

    def exists(self, key: str) -> bool:
        with self._refusing():
            return bool(self._filesystem.exists(self._path(key)))

    def delete(self, key: str) -> bool:
        with self._refusing():
            try:
                self._filesystem.rm_file(self._path(key))
            except FileNotFoundError:
                return False
            return True

    def kept(self, shelf: str) -> Iterator[Kept]:
        with self._refusing():
            # Else it answers from memory what it listed before.
            self._filesystem.invalidate_cache()
            found = self._filesystem.find(self._path(shelf), detail=True)
        for path, facts in found.items():
            key = "/".join([shelf, *path.split("/")[-2:]])
            at = facts.get("LastModified") or facts.get("created")
            yield Kept(key, facts.get("size") or 0, at if isinstance(at, datetime) else None)

    def _refusing(self, key: str = "") -> AbstractContextManager[None]:
        # Each store has errors of its own, many of them no OSError: none of them is a message's fault.
        return refusing(self._root, key, Exception)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"
