"""Jobs of reports."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from edupulse.control.catalog import Check
from edupulse.reports import rounds
from jobs.recorded import recorded

Hour = Annotated[str, Check(partial(rounds.check_start, "hourly"))]
Day = Annotated[str, Check(partial(rounds.check_start, "daily"))]
Week = Annotated[str, Check(partial(rounds.check_start, "weekly"))]
Month = Annotated[str, Check(partial(rounds.check_start, "monthly"))]


@recorded
def hourly(start: Hour = "") -> dict[str, int]:
    """Make and mail the report of an hour, "2026-03-12T09"; empty: the last one that is over."""
    return rounds.run("hourly", start)


@recorded
def daily(start: Day = "") -> dict[str, int]:
    """Make and mail the report of a day, "2026-03-12"; empty: the last one that is over."""
    return rounds.run("daily", start)


@recorded
def weekly(start: Week = "") -> dict[str, int]:
    """Make and mail the report of a week, named by any of its days; empty: the last one that is over."""
    return rounds.run("weekly", start)


@recorded
def monthly(start: Month = "") -> dict[str, int]:
    """Make and mail the report of a month, "2026-03"; empty: the last one that is over."""
    return rounds.run("monthly", start)
