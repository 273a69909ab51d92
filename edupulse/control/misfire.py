"""What to do with occurrences whose time has come: run which, count which as missed, wait for which."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from edupulse.errors import Conflict

ON_TIME = timedelta(
    seconds=60
)  # a takeover takes 15 s and a restart less than this: no occurrence is missed by them
CATCH_UP_MOST = 100  # runs that the policy "all" makes up for at once; older ones count as missed
COUNTED_MOST = 50_000  # occurrences that are counted one by one: a month of minutes
JUMP = timedelta(days=1)  # beyond that only the last day is looked at

NextAfter = Callable[[datetime], datetime]


@dataclass(frozen=True)
class Missed:
    """Occurrences that will not run, from the first to the last."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True)
class Decision:
    """What to run now, what was missed, the last occurrence hereby settled, and when to look again."""

    run: tuple[datetime, ...]
    missed: Missed | None
    last_at: datetime
    next_at: datetime


def decide(
    next_after: NextAfter, due_at: datetime, moment: datetime, *, policy: str, max_lateness: timedelta
) -> Decision:
    """Decide about a schedule that has been due since `due_at`.

    once: the latest occurrence runs for all of them; skip: the latest runs if it is not older than `ON_TIME`;
    all: each runs, at most the latest `CATCH_UP_MOST`. Nothing runs later than `max_lateness`.
    Raises Conflict if the time would not advance.
    """
    count, latest, following = _overdue(next_after, due_at, moment)
    tolerated = min(max_lateness, ON_TIME) if policy == "skip" else max_lateness
    most = CATCH_UP_MOST if policy == "all" else 1
    run = tuple(at for at in latest[-most:] if moment - at <= tolerated)
    not_run = latest[: len(latest) - len(run)]
    missed = Missed(due_at, not_run[-1], count - len(run)) if not_run else None
    return Decision(run, missed, last_at=latest[-1], next_at=following)


def _overdue(
    next_after: NextAfter, due_at: datetime, moment: datetime
) -> tuple[int, list[datetime], datetime]:
    """Return how many occurrences are due, the latest of them, and the first that is not."""
    latest: deque[datetime] = deque(maxlen=CATCH_UP_MOST + 1)
    count, at = 0, due_at
    while at <= moment:
        latest.append(at)
        count += 1
        following = next_after(max(at, moment - JUMP) if count == COUNTED_MOST else at)
        if following <= at:
            raise Conflict(
                f"The occurrence after {at} would be {following}: refused, because time must advance."
            )
        at = following
    return count, list(latest), at
