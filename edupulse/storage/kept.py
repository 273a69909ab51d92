"""What is kept: bytes by their hash, and what every place that keeps them can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import BinaryIO, Protocol

from edupulse.errors import EduPulseError, NotFound, Unavailable

AT_ONCE = 1 << 20  # bytes
# A shelf is the beginning of a key: each has an owner, who decides what goes.
INBOUND, EXPORTS = "inbound", "exports"
SHELVES = (INBOUND, EXPORTS)


@dataclass(frozen=True)
class Stored:
    """Where bytes are kept, and what they are."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Kept:
    """One thing on a shelf."""

    key: str
    size: int
    at: datetime | None  # when it was put there, where the place knows it


class Storage(Protocol):
    """A place that keeps bytes by their hash. Every method raises Unavailable while it cannot be reached."""

    def put(self, data: bytes, shelf: str = INBOUND) -> Stored:
        """Keep `data`."""
        ...

    def put_many(self, items: Sequence[bytes]) -> list[Stored]:
        """Keep each of `items`, waiting for the disk or the network as few times as possible."""
        ...

    def put_file(self, file: BinaryIO, shelf: str = INBOUND) -> Stored:
        """Keep all of `file`, piece by piece."""
        ...

    def open(self, key: str) -> BinaryIO:
        """Return a seekable file to read from; raises NotFound."""
        ...

    def read(self, key: str) -> bytes:
        """Return the whole; raises NotFound."""
        ...

    def exists(self, key: str) -> bool:
        """Say whether it is kept."""
        ...

    def delete(self, key: str) -> bool:
        """Forget what is kept under `key`, for all who put the same bytes on this shelf; False where nothing was."""
        ...

    def kept(self, shelf: str) -> Iterator[Kept]:
        """Yield what stands on a shelf, in no order; what comes or goes meanwhile may be missing."""
        ...


def stored_as(data: bytes, shelf: str = INBOUND) -> Stored:
    """Return where `data` is kept."""
    return _stored(sha256(data).hexdigest(), len(data), shelf)


def stored_as_file(file: BinaryIO, shelf: str = INBOUND) -> Stored:
    """Return where the whole `file` is kept, and set it to its beginning."""
    file.seek(0)
    digest, size = sha256(), 0
    while piece := file.read(AT_ONCE):
        digest.update(piece)
        size += len(piece)
    file.seek(0)
    return _stored(digest.hexdigest(), size, shelf)


@contextmanager
def refusing(place: object, key: str = "", failures: type[Exception] = OSError) -> Iterator[None]:
    """Turn the `failures` of a place into our own refusals, which name it. Its address carries no password."""
    try:
        yield
    except EduPulseError:
        raise
    except FileNotFoundError as error:
        if not key:
            raise _out_of_reach(place, error) from error
        gone = "Its bytes are not in the storage any more."
        raise NotFound(gone, cure="Look at STORAGE_URL.", key=key) from None
    except failures as error:
        raise _out_of_reach(place, error) from error


def _out_of_reach(place: object, error: Exception) -> Unavailable:
    said = getattr(error, "strerror", None) or type(error).__name__
    return Unavailable(
        f"Received mails and exports cannot be kept or read in {place}: {said}.",
        cure="Make it reachable and writable; nothing is taken from the mailboxes and no export is written meanwhile.",
    )


def _stored(digest: str, size: int, shelf: str) -> Stored:
    # Sixteen folders: a batch waits for the names in each of them.
    return Stored(f"{shelf}/{digest[0]}/{digest}", digest, size)
