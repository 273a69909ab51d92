"""Where received mails and exports are kept: a folder here or an object store, by the hash of the bytes.

The same bytes have the same key, so writing twice is harmless, and what is read back can be checked. What `put` has
returned survives a crash of the process and a power cut.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from edupulse.config import current_settings
from edupulse.errors import Unavailable
from edupulse.storage.folder import FolderStorage
from edupulse.storage.kept import EXPORTS, INBOUND, SHELVES, Kept, Storage, Stored, refusing
from edupulse.storage.objects import ObjectStorage

__all__ = [
    "EXPORTS",
    "INBOUND",
    "SHELVES",
    "FolderStorage",
    "Kept",
    "ObjectStorage",
    "Storage",
    "Stored",
    "refusing",
    "storage",
]


def storage() -> Storage:
    """Return the storage of the application in whose context we are."""
    return _storage(current_settings().storage_url)


@lru_cache(maxsize=8)
def _storage(url: str) -> Storage:
    if url.startswith("file://"):
        return FolderStorage(Path(url.removeprefix("file://")))
    from fsspec.core import url_to_fs

    try:
        filesystem, root = url_to_fs(url)
    except ImportError as error:
        cure = "Install what requirements-s3.txt names."
        raise Unavailable(f"STORAGE_URL needs a package that is missing: {error}.", cure=cure) from error
    return ObjectStorage(filesystem, root)
