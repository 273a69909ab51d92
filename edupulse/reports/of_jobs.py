"""The jobs that were accepted in a period, and what has become of them by now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from edupulse.clock import now
from edupulse.control.accepted import accepted
from edupulse.control.hours import hour_of
from edupulse.control.keeping import kept_since
from edupulse.control.statistics import statistics
from edupulse.counting import spans

SUMMED = ("accepted", "finished", "failed", "cancelled", "open", "retried")


def collect(begin: datetime, end: datetime) -> dict[str, int | float]:
    """Return the runs of all jobs that were accepted in the period; `succeeded` is of those that finished or failed."""
    since, until = _known((begin, end))
    jobs = statistics(since, until)
    sums: dict[str, int | float] = {name: sum(getattr(job, name) for job in jobs) for name in SUMMED}
    ended = sums["finished"] + sums["failed"]
    return {**sums, **({"succeeded": round(sums["finished"] / ended, 6)} if ended else {})}


def series(edges: Sequence[datetime]) -> list[int]:
    """Return how many runs were accepted in each part; nothing where only the sum of the hour is kept."""
    known = _known(edges)
    return [] if any(begin == end for begin, end in spans(known)) else accepted(known)


def _known(edges: Sequence[datetime]) -> list[datetime]:
    """Return the edges, those moved back to a whole hour before which single runs are not kept any more."""
    kept = kept_since(now())
    return [at if at >= kept else hour_of(at) for at in edges]
