"""Figures of the last whole hours: what became of job runs, how long they waited and took."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate

from prometheus_client.metrics_core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric

from edupulse.control.gauges import counted_lately
from edupulse.control.models import JobStatistic
from edupulse.control.time_classes import longest

OF = "of those accepted in the last three whole hours"
BOUNDS = (0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 1800, 3600)  # seconds
NAMES = (*map(str, BOUNDS), "+Inf")


def collect(now: datetime) -> Iterator[Metric]:
    """Yield them as they are at `now`."""
    rows = counted_lately(now)
    yield _outcomes(rows)
    waits, lengths = ({row.name: Counter[str]() for row in rows} for _ in range(2))
    for row in rows:
        waits[row.name].update(row.waits)
        lengths[row.name].update(row.lengths)
    yield _histogram("edupulse_job_wait_seconds", f"How long job runs waited for a worker, {OF}.", waits)
    yield _histogram("edupulse_job_run_seconds", f"How long job runs took, {OF}.", lengths)


def _outcomes(rows: Iterable[JobStatistic]) -> Metric:
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        for outcome in ("finished", "failed", "cancelled"):
            counts[row.name, outcome] += getattr(row, outcome)
    family = GaugeMetricFamily(
        "edupulse_job_outcomes", f"Job runs that ended, {OF}.", labels=["job", "outcome"]
    )
    for labels, count in counts.items():
        family.add_metric(labels, count)
    return family


def _histogram(name: str, about: str, by_job: Mapping[str, Mapping[str, int]]) -> Metric:
    family = GaugeHistogramMetricFamily(name, about, labels=["job"])
    for job, classes in by_job.items():
        family.add_metric([job], buckets(classes), gsum_value=_sum(classes))
    return family


def buckets(classes: Mapping[str, int]) -> list[tuple[str, float]]:
    """Return how many runs took at most as long as each bound; a class counts where it ends."""
    counts = [0] * len(NAMES)
    for number, count in classes.items():
        counts[bisect_left(BOUNDS, longest(int(number)))] += count
    return list(zip(NAMES, map(float, accumulate(counts)), strict=True))


def _sum(classes: Mapping[str, int]) -> float:
    return sum(longest(int(number)) * count for number, count in classes.items())
