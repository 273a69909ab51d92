"""Numbers become the positions of shapes in small drawings; the drawings themselves are in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from edupulse.mail.monitor import Hour

WIDTH = 480  # of both drawings, in units of their own
HEIGHT = 64  # of the bars
GAP = 3  # between bars


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


def _height(count: int, most: int) -> float:
    return max(2.0, round(HEIGHT * count / most, 2)) if count else 0.0
