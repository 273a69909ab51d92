"""The one reader of the machine's clock: aware UTC, replaceable in tests and simulations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

Source = Callable[[], datetime]


def _machine() -> datetime:
    return datetime.now(UTC)


_source: Source = _machine


def now() -> datetime:
    """Return the current instant, aware, in UTC."""
    return _source()


@contextmanager
def running_on(source: Source) -> Iterator[None]:
    """Let `now` ask `source` instead of the machine while the block runs."""
    global _source
    before, _source = _source, source
    try:
        yield
    finally:
        _source = before


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Stop the clock at the aware instant `at` while the block runs."""
    with running_on(lambda: at.astimezone(UTC)):
        yield
