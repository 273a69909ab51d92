"""Lengths of time in classes that grow by a fifth, so that a percentile of any number of runs costs nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import floor, log

RATIO = 1.2  # the middle of a class is at most 9.6 % away from what lies in it


@dataclass(frozen=True)
class Percentiles:
    """Seconds below which 50, 95 and 99 of a hundred runs stayed, at most a tenth or a millisecond off."""

    p50: float
    p95: float
    p99: float


def class_of(milliseconds: int) -> int:
    """Return the number of the class; 0 has all that is shorter than a millisecond."""
    return 1 + floor(log(milliseconds) / log(RATIO) + 1e-9) if milliseconds >= 1 else 0


def longest(number: int) -> float:
    """Return the seconds at which a class ends."""
    return float(RATIO**number) / 1000


def classes(milliseconds: Mapping[str, int]) -> Counter[int]:
    """Return how many there are of each class; the lengths come as the database wrote them."""
    found: Counter[int] = Counter()
    for text, count in milliseconds.items():
        found[class_of(int(text))] += count
    return found


def percentiles(counts: Mapping[int, int]) -> Percentiles | None:
    """Return the percentiles of counts by class; None when there is nothing."""
    if not (total := sum(counts.values())):
        return None
    numbers = sorted(counts)
    below = list(accumulate(counts[number] for number in numbers))

    def at(share: float) -> float:
        return _middle(next(n for n, count in zip(numbers, below, strict=True) if count >= share * total))

    return Percentiles(at(0.50), at(0.95), at(0.99))


def _middle(number: int) -> float:
    return float(f"{RATIO ** (number - 0.5) / 1000:.3g}") if number else 0.0005
