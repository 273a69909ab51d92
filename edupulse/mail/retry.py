"""When a mail is tried again, and when it is given up: pure decisions about instants and counts."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

FIRST = timedelta(minutes=1)
LONGEST = timedelta(minutes=30)  # RFC 5321 4.5.4.1 asks for at least 30 minutes between later tries
GIVE_UP_AFTER = timedelta(days=4)  # the same section: give up after 4-5 days
SHORT_FIRST = timedelta(seconds=2)  # where a connection was to blame and not the mail
SHORT_LONGEST = timedelta(minutes=5)
LAST_CHANCE = timedelta(seconds=15)  # before a mail expires it is tried once more, this long before its end
HOLD_FIRST = timedelta(seconds=5)  # the whole account waits: server away, too fast
HOLD_LONGEST = timedelta(minutes=5)  # a server that is back is noticed within this


def next_attempt(
    now: datetime,
    *,
    tries: int,
    accepted_at: datetime,
    expires_at: datetime | None,
    retry_after: float | None,
) -> datetime | None:
    """Return when to try again after `tries` tries; None when it is of no use any more.

    Exponential with jitter, from a minute to half an hour; what the server asked for (seconds) comes first.
    """
    wait = _asked(retry_after) if retry_after else _jittered(FIRST, LONGEST, tries)
    return _within_life(now, now + wait, accepted_at, expires_at)


def next_connection(
    now: datetime,
    *,
    tries: int,
    accepted_at: datetime,
    expires_at: datetime | None,
    retry_after: float | None,
) -> datetime | None:
    """Return when to try again where the connection was to blame; None when it is of no use any more."""
    wait = _asked(retry_after) if retry_after else _jittered(SHORT_FIRST, SHORT_LONGEST, tries)
    return _within_life(now, now + wait, accepted_at, expires_at)


def hold_until(now: datetime, *, failures: int, retry_after: float | None) -> datetime:
    """Return until when the whole account waits after `failures` holds in a row."""
    return now + (_asked(retry_after) if retry_after else _jittered(HOLD_FIRST, HOLD_LONGEST, failures))


def _asked(seconds: float) -> timedelta:
    # A little later than asked, and not all at the same moment.
    return timedelta(seconds=seconds * (1 + 0.1 * random.random()))  # noqa: S311 - spreads load, protects nothing


def _jittered(first: timedelta, longest: timedelta, tries: int) -> timedelta:
    ceiling: timedelta = min(longest, first * 2 ** min(tries, 20))
    return first + (ceiling - first) * random.random()  # noqa: S311 - spreads load, protects nothing


def _within_life(
    now: datetime, at: datetime, accepted_at: datetime, expires_at: datetime | None
) -> datetime | None:
    end = expires_at or accepted_at + GIVE_UP_AFTER
    if at < end:
        return at
    last_chance = end - LAST_CHANCE
    return last_chance if last_chance - now >= LAST_CHANCE else None
