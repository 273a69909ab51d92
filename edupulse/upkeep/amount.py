"""How much goes, or has gone: rows, and bytes where they are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Amount:
    """So many rows or files; `bytes` is None where nobody can know it cheaply."""

    rows: int = 0
    bytes: int | None = None

    def __add__(self, other: Amount) -> Amount:
        known = [each.bytes for each in (self, other) if each.bytes is not None]
        return Amount(self.rows + other.rows, sum(known) if known else None)


class Old(Protocol):
    """What of one class of data is older than an instant, and nothing needs any more."""

    def count(self, until: datetime) -> Amount:
        """Return how much there is."""
        ...

    def delete(self, until: datetime) -> Iterator[Amount]:
        """Delete it; say after each batch how much went."""
        ...
