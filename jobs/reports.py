"""Jobs of reports."""

from __future__ import annotations

from edupulse.reports import rounds
from jobs.recorded import recorded


@recorded
def hourly(start: str = "") -> dict[str, int]:
    """Make and mail the report of an hour, "2026-03-12T09"; empty: the last one that is over."""
    return rounds.run("hourly", start)


@recorded
def daily(start: str = "") -> dict[str, int]:
    """Make and mail the report of a day, "2026-03-12"; empty: the last one that is over."""
    return rounds.run("daily", start)


@recorded
def weekly(start: str = "") -> dict[str, int]:
    """Make and mail the report of a week, named by any of its days; empty: the last one that is over."""
    return rounds.run("weekly", start)


@recorded
def monthly(start: str = "") -> dict[str, int]:
    """Make and mail the report of a month, "2026-03"; empty: the last one that is over."""
    return rounds.run("monthly", start)
