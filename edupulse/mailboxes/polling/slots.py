"""How many polls one process makes at once: all its slots but one, so that servers that hang hold up nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import BoundedSemaphore

from edupulse.config import current_settings

PATIENCE = 1.0  # seconds: most polls are over sooner, and a slot that waits works on nothing else


@contextmanager
def one() -> Iterator[bool]:
    """Have room for one poll in the block; False where there is none for longer than a moment."""
    places = _places(max(1, current_settings().worker_threads - 1))
    is_free = places.acquire(timeout=PATIENCE)
    try:
        yield is_free
    finally:
        if is_free:
            places.release()


@lru_cache
def _places(many: int) -> BoundedSemaphore:
    return BoundedSemaphore(many)
