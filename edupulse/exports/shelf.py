"""The bytes of exports in the storage: parts while one is written, the whole once it is done.

The storage names bytes by their hash, so that two exports of the same rows would share them, and who throws one away
would take the other's. Therefore everything here ends with a label that names its export; nobody is handed the label.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from io import SEEK_END, BufferedRandom
from typing import IO, Any, BinaryIO, cast

from edupulse.errors import Conflict, NotFound
from edupulse.storage import EXPORTS, Stored, storage

PIECE = 256 * 1024  # bytes handed on at a time
QUICK = 1  # level of compression: a fifth of the size for a tenth of the time


def put_part(export_id: int, data: bytes) -> Stored:
    """Keep some rows of an export until it is whole. Raises Unavailable."""
    return storage().put(zlib.compress(data, QUICK) + _label(export_id), EXPORTS)


def read_part(key: str) -> Iterator[bytes]:
    """Yield the rows of a part. Raises Unavailable, and Conflict for one that is gone."""
    unpacked = zlib.decompressobj()
    with _opened(key) as file:
        while not unpacked.eof and (piece := file.read(PIECE)):
            yield unpacked.decompress(piece)


def put_whole(export_id: int, file: IO[bytes]) -> tuple[str, str, int]:
    """Keep a finished file; return its key, and the SHA-256 and size in bytes of the file itself."""
    file.seek(0)
    digest, size = file_digest(cast(BufferedRandom, file), "sha256").hexdigest(), file.seek(0, SEEK_END)
    file.write(_label(export_id))
    return storage().put_file(cast(BinaryIO, file), EXPORTS).key, digest, size


def open_whole(key: str) -> BinaryIO:
    """Open a finished file, which ends before its label. Raises Unavailable, and Conflict for one that is gone."""
    return _opened(key)


def pieces_of(file: IO[bytes], size: int) -> Iterator[bytes]:
    """Yield the first `size` bytes of `file`, and close it."""
    with file:
        while size and (piece := file.read(min(size, PIECE))):
            size -= len(piece)
            yield piece


def throw_away(keys: Iterable[str | None]) -> int:
    """Delete what is kept under these keys; return how many there were. Raises Unavailable."""
    return sum(storage().delete(key) for key in keys if key)


def keys_of_parts(parts: Iterable[dict[str, Any]]) -> list[str]:
    """Return where the parts of an export are kept."""
    return [part["key"] for part in parts]


def _opened(key: str) -> BinaryIO:
    try:
        return storage().open(key)
    except NotFound as error:
        words = "The bytes of this export are not in the storage any more."
        raise Conflict(words, cure="Ask for the file again.", key=key) from error


def _label(export_id: int) -> bytes:
    return f"\nedupulse export {export_id}\n".encode()
