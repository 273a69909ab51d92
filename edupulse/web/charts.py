"""Numbers become the positions of shapes in small drawings; the drawings themselves are in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import log10
from typing import Protocol

from edupulse.mail.monitor import Hour

WIDTH = 480  # of both drawings, in units of their own
HEIGHT = 64  # of the bars
GAP = 3  # between bars
SPREAD_WIDTH = 120  # of the bar that shows how far times lie apart
SHORTEST, LONGEST = 0.01, 3600.0  # seconds at its two ends; each power of ten has the same width
SPREAD_TICKS = {"10 ms": SHORTEST, "1 s": 1.0, "1 min": 60.0, "1 h": LONGEST}


@dataclass(frozen=True)
class Share:
    """One state's part of a stacked bar."""

    state: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """One hour: the mails that left below, those that were refused on top."""

    hour: Hour
    x: float
    width: float
    sent: float  # heights
    refused: float

    @property
    def starts(self) -> datetime:
        return self.hour.starts


def shares(counts: Mapping[str, int]) -> list[Share]:
    """Lay the states side by side over the whole width."""
    total = sum(counts.values())
    placed: list[Share] = []
    x = 0.0
    for state, count in counts.items():
        width = WIDTH * count / total
        placed.append(Share(state, count, round(x, 2), round(width, 2)))
        x += width
    return placed


def bars(hours: Sequence[Hour]) -> list[Bar]:
    """Scale the hours to the busiest one; an hour with any mail is never invisible."""
    most = max((hour.sent + hour.refused for hour in hours), default=0) or 1
    step = WIDTH / max(1, len(hours))
    return [
        Bar(
            hour,
            round(at * step, 2),
            round(step - GAP, 2),
            _height(hour.sent, most),
            _height(hour.refused, most),
        )
        for at, hour in enumerate(hours)
    ]


class Times(Protocol):
    """Seconds within which half, 95 of 100 and 99 of 100 runs were done."""

    @property
    def p50(self) -> float: ...
    @property
    def p95(self) -> float: ...
    @property
    def p99(self) -> float: ...


@dataclass(frozen=True)
class Spread:
    """How far times lie apart: half of them end before `half`, 95 of 100 before `most`, 99 before `nearly_all`."""

    half: float
    most: float
    nearly_all: float


def spread(times: Times) -> Spread:
    """Place the percentiles on a line from 10 ms to an hour."""
    return Spread(*(place(seconds) for seconds in (times.p50, times.p95, times.p99)))


def place(seconds: float) -> float:
    """Return where on that line a length in seconds lies."""
    within = min(max(seconds, SHORTEST), LONGEST)
    return round(SPREAD_WIDTH * log10(within / SHORTEST) / log10(LONGEST / SHORTEST), 2)


def _height(count: int, most: int) -> float:
    return max(2.0, round(HEIGHT * count / most, 2)) if count else 0.0
