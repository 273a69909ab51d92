"""Figures of jobs: what waits and runs in each queue, since when, what failed lately, how long it took."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from edupulse.api import metrics_of_hours
from edupulse.control import pauses
from edupulse.control.gauges import OpenRuns, open_runs, recent_failures
from edupulse.control.parts import needed_queues

SHOWN_STATES = ("queued", "started", "deferred", "interrupted")


def collect(now: datetime) -> Iterator[Metric]:
    """Yield them as they are at `now`."""
    found = open_runs()
    queues = sorted({*needed_queues(), *(each.queue for each in found)})
    yield _counts(queues, found)
    yield _ages(queues, found, now)
    yield _paused(queues, now)
    yield _failures(now)
    yield from metrics_of_hours.collect(now)


def _counts(queues: list[str], found: list[OpenRuns]) -> Metric:
    family = GaugeMetricFamily("edupulse_jobs", "Job runs on their way.", labels=["queue", "state"])
    counts = {(each.queue, each.state): each.count for each in found}
    for queue in queues:
        for state in SHOWN_STATES:
            family.add_metric([queue, state], counts.get((queue, state), 0))
    return family


def _ages(queues: list[str], found: list[OpenRuns], now: datetime) -> Metric:
    about = "How long the first run of a queue has waited for a worker; 0 when none waits."
    family = GaugeMetricFamily("edupulse_queue_oldest_seconds", about, labels=["queue"])
    waits = {each.queue: (now - each.oldest).total_seconds() for each in found if each.state == "queued"}
    for queue in queues:
        family.add_metric([queue], max(0.0, waits.get(queue, 0.0)))
    return family


def _paused(queues: list[str], now: datetime) -> Metric:
    family = GaugeMetricFamily("edupulse_queue_paused", "1 while somebody holds a queue.", labels=["queue"])
    held = {pause.name for pause in pauses.holding(now) if pause.scope == "queue"}
    for queue in queues:
        family.add_metric([queue], queue in held)
    return family


def _failures(now: datetime) -> Metric:
    about = "Job runs that failed, of those accepted in the last hour."
    family = GaugeMetricFamily("edupulse_job_failures", about, labels=["job", "error"])
    for labels, count in sorted(recent_failures(now).items()):
        family.add_metric(labels, count)
    return family
