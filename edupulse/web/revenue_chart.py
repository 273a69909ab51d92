"""Months become bars: what came in upwards, what went back beyond that downwards, around one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edupulse.finance.revenue import MonthSum
from edupulse.web.charts import GAP, WIDTH

HEIGHT = 72  # of the whole drawing, in units of its own
LEAST = 2.0  # of a bar whose month had anything at all


@dataclass(frozen=True)
class MonthBar:
    """One month: where its bar stands, and the sum that it stands for."""

    month: str
    minor: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Drawing:
    """The bars of one currency from the oldest month to the youngest, the line they stand on, and the two ends."""

    bars: list[MonthBar]
    ground: float
    highest: int
    total: int


def drawing(months: Sequence[MonthSum], currency: str) -> Drawing:
    """Scale the months to the largest of them; `months` come with the youngest first."""
    sums = [(each.month, each.figures.get(currency, 0)) for each in reversed(months)]
    highest, lowest = max(0, *(minor for _, minor in sums)), min(0, *(minor for _, minor in sums))
    span = (highest - lowest) or 1
    ground = round(HEIGHT * highest / span, 2)
    step = WIDTH / max(1, len(sums))
    bars = [
        _bar(month, minor, x=at * step, width=step - GAP, ground=ground, scale=HEIGHT / span)
        for at, (month, minor) in enumerate(sums)
    ]
    return Drawing(bars, ground, highest, sum(minor for _, minor in sums))


def _bar(month: str, minor: int, *, x: float, width: float, ground: float, scale: float) -> MonthBar:
    height = max(LEAST, abs(minor) * scale) if minor else 0.0
    y = ground - height if minor > 0 else ground
    return MonthBar(month, minor, round(x, 2), round(y, 2), round(width, 2), round(height, 2))
