"""What becomes of the jobs: how many, how quickly, what fails and why, over an hour or a season."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, render_template, request

from edupulse import clock
from edupulse.control import monitor
from edupulse.control.catalog import current_catalog
from edupulse.control.monitor import JobStatistics, RunFilter
from edupulse.web.charts import SPREAD_TICKS, Share, place, shares, spread

blueprint = Blueprint("monitor", __name__, url_prefix="/monitor")

PERIODS = {
    "hour": ("Last hour", timedelta(hours=1)),
    "day": ("24 hours", timedelta(days=1)),
    "week": ("7 days", timedelta(days=7)),
    "month": ("30 days", timedelta(days=30)),
    "season": ("90 days", timedelta(days=90)),
}
USUAL = "day"
CAUSES = 50  # of failures on the page
ASKING = 5  # interrupted runs on the page; the list of jobs has them all


@dataclass(frozen=True)
class Totals:
    """The sums over all jobs of a period."""

    accepted: int
    finished: int
    failed: int
    cancelled: int
    open: int
    retried: int

    @property
    def failure_rate(self) -> float | None:
        """The share of those that failed, of all that finished or failed; None while there is none."""
        ended = self.finished + self.failed
        return self.failed / ended if ended else None


@blueprint.get("")
def show() -> str:
    """Show counts, times and failures of a period, of all jobs or of one."""
    period, name, now = _period(), request.args.get("name", ""), clock.now()
    since = now - PERIODS[period][1]
    lines = monitor.statistics(since, name=name)
    template = "monitor/_live.html" if request.args.get("part") == "live" else "monitor/show.html"
    return render_template(
        template,
        lines=lines,
        totals=totals(lines),
        groups=monitor.failure_groups(since, name=name, limit=CAUSES),
        most=CAUSES,
        asking=monitor.runs(RunFilter(state="interrupted", name=name), size=ASKING),
        since=since,
        period=period,
        periods=PERIODS,
        name=name,
        names=sorted(current_catalog().specs),
        shares=shares_of,
        spread=spread,
        ticks={words: place(seconds) for words, seconds in SPREAD_TICKS.items()},
    )


def totals(lines: Sequence[JobStatistics]) -> Totals:
    """Add the lines up."""
    return Totals(*(sum(getattr(line, name) for line in lines) for name in Totals.__dataclass_fields__))


def shares_of(line: JobStatistics | Totals) -> list[Share]:
    """Lay what became of the runs of one line side by side."""
    counts = {
        "finished": line.finished, "failed": line.failed, "cancelled": line.cancelled, "queued": line.open,
    }  # fmt: skip
    return shares({state: count for state, count in counts.items() if count})


def _period() -> str:
    asked = request.args.get("period", "")
    return asked if asked in PERIODS else USUAL
