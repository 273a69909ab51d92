"""How often mail to an address came back of late: temporary trouble stops an address only when it lasts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

HALF_LIFE = timedelta(days=30)  # after which a bounce counts half: last term's full mailbox is forgotten
REMEMBERED = timedelta(days=180)  # older ones would count less than 2 %
# Three days within a month, each with another mail that came back; two never suffice, nor does one bad day.
ENOUGH = 2.4


def score(bounced: Iterable[tuple[int | None, datetime]], at: datetime) -> float:
    """Return how much speaks against an address at `at`; each bounce is (mail, when).

    A mail counts once, by its latest report, and a day counts once: an outage of a day is one event, however many
    mails it hit.
    """
    latest: dict[int | None, datetime] = {}
    for delivery_id, when in bounced:
        latest[delivery_id] = max(when, latest.get(delivery_id, when))
    by_day: dict[date, float] = {}
    for when in latest.values():
        weight = 0.5 ** (max(at - when, timedelta(0)) / HALF_LIFE)
        by_day[when.date()] = max(weight, by_day.get(when.date(), 0.0))
    return sum(by_day.values())


def is_enough(bounced: Iterable[tuple[int | None, datetime]], at: datetime) -> bool:
    """Tell whether the address should not be written to any more."""
    return score(bounced, at) >= ENOUGH
