"""How fast an account may send: what its provider or its operator says, and the pace learned on the way."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TypeVar

from edupulse.config import Settings
from edupulse.mail.providers import Provider

Number = TypeVar("Number", int, float)

DAY = 86_400  # seconds: providers count a sliding day, not the calendar's
UNBOUNDED_CONNECTIONS = 64  # as many as one process may have threads; more were never in use
FIRST_GAP = 0.1  # seconds between two mails after the first "too fast"
LONGEST_GAP = 10.0  # seconds; above this the account is held and the worker does something else
EASE = (
    0.98  # each accepted mail shortens the gap: about two refusals in a hundred while looking for the limit
)


@dataclass(frozen=True)
class Window:
    """At most `limit` mails in any `seconds` in a row."""

    name: str  # per_second, per_minute or per_day
    seconds: float
    limit: int


@dataclass(frozen=True)
class Limits:
    """What an account may do; None is a limit that nobody has set. Mails are counted per recipient.

    `batch_size` and `batch_delay` (seconds from one batch's start to the next) are our own, for bulk mail alone.
    """

    per_second: float | None
    per_minute: int | None
    per_day: int | None
    connections: int
    mails_per_session: int
    batch_size: int
    batch_delay: float

    @property
    def windows(self) -> tuple[Window, ...]:
        """Return the limits as windows, the shortest first."""
        found = [
            _second(self.per_second) if self.per_second else None,
            Window("per_minute", 60, self.per_minute) if self.per_minute else None,
            Window("per_day", DAY, self.per_day) if self.per_day else None,
        ]
        return tuple(window for window in found if window)


def limits_of(provider: Provider, settings: Settings) -> Limits:
    """Return the provider's limits, or the operator's own where set; 0 there means that there is none."""
    return Limits(
        per_second=_chosen(settings.email_per_second, provider.per_second),
        per_minute=_chosen(settings.email_per_minute, provider.per_minute),
        per_day=_chosen(settings.email_daily_quota, provider.per_day),
        connections=_chosen(settings.email_connections, provider.connections) or UNBOUNDED_CONNECTIONS,
        mails_per_session=provider.mails_per_session,
        batch_size=settings.bulk_email_batch_size,
        batch_delay=settings.bulk_email_batch_delay,
    )


def _chosen(own: Number | None, published: Number | None) -> Number | None:
    return (published if own is None else own) or None


def _second(rate: float) -> Window:
    """Return the window of a rate: 2.5 a second is two in any second, 0.5 a second one in any two."""
    return Window("per_second", 1, int(rate)) if rate >= 1 else Window("per_second", 1 / rate, 1)


class Pace:
    """The gap that one process keeps between two mails: learned from "too fast", eased by success."""

    def __init__(self) -> None:
        self.gap = 0.0
        self._last = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the gap since the last mail has passed."""
        with self._lock:
            turn = max(time.monotonic(), self._last + self.gap)
            self._last = turn
        if (left := turn - time.monotonic()) > 0:
            time.sleep(left)

    def slow_down(self) -> bool:
        """Double the gap; say whether it is still short enough to go on with."""
        self.gap = max(FIRST_GAP, self.gap * 2)
        return self.gap <= LONGEST_GAP

    def ease(self) -> None:
        """Shorten the gap a little."""
        self.gap = self.gap * EASE if self.gap > FIRST_GAP / 10 else 0.0


_paces: dict[str, Pace] = {}


def pace_of(server: str) -> Pace:
    """Return the pace that this process keeps with `server`."""
    return _paces.setdefault(server, Pace())
