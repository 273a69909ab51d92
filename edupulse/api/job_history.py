"""`/jobs/stats`, `/jobs/failures`, `/jobs/registered`: what jobs did, why they failed, and which there are."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from edupulse import clock
from edupulse.api.answers import facts_of
from edupulse.api.job_words import Instant, Pause
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Query, Shown, Text
from edupulse.control import monitor, parameters, pauses
from edupulse.control import schedule as schedules
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.models import Pause as Held
from edupulse.control.monitor import JobStatistics, Percentiles

noun = Noun("job_history", __name__, url_prefix="/jobs")

DAY, WEEK = timedelta(days=1), timedelta(days=7)


class Seconds(Shown):
    """So many seconds it took at most for the quicker half, for 95 and for 99 of 100 runs."""

    p50: float
    p95: float
    p99: float


class JobStatistic(Shown):
    """What became of the runs of one job that were accepted in the period."""

    name: str
    queue: str
    accepted: int
    finished: int
    failed: int
    cancelled: int
    open: int
    failure_rate: float | None  # of those that are over, 0 to 1
    retried: int
    retry_success: float | None  # of those that took more than one attempt, 0 to 1
    wait: Seconds | None
    run: Seconds | None


class PeriodStatistics(Shown):
    """The statistics of a period, by name of the job."""

    since: datetime
    until: datetime
    items: list[JobStatistic]


class FailureGroup(Shown):
    """Failures of one cause; `broken` says that no run of this job has finished since."""

    fingerprint: str
    name: str
    queue: str
    error_class: str
    message: str
    count: int
    first_at: datetime
    last_at: datetime
    last_run_id: str
    broken: bool
    cause: str
    cure: str


class Parameter(Shown):
    """One value that a job takes."""

    name: str
    kind: Literal["integer", "number", "string", "boolean", "array", "object", "any"]
    required: bool
    default: Any | None
    words: str


class JobTiming(Shown):
    """When a job runs by itself, in words; changed and paused at `/schedules/<name>/`, where it does not run."""

    words: str
    enabled: bool
    next_at: datetime | None
    upcoming: list[datetime]  # its next runs, the first of them once more


class RegisteredJob(Shown):
    """A job that can be sent: what it does, what it takes, and the limits it runs in."""

    name: str
    summary: str
    queue: str
    priority: Literal["high", "normal", "low"]
    soft_limit_seconds: int
    hard_limit_seconds: int
    memory_limit_mb: int | None  # null: it shares its worker's process
    retries: int
    on_interrupt: Literal["retry", "fail", "ask"]
    schedule: JobTiming | None  # of its own name
    schedule_count: int  # all that run it: a job may have one for each mailbox, see `/schedules/`
    pause: Pause | None
    parameters: list[Parameter]
    arguments_schema: dict[str, Any]  # JSON schema of the object `arguments`


class Period(Query):
    """Runs that were accepted from `since` (by default a day ago) to `until` (by default now), of one job or all."""

    since: Instant | None = None
    until: Instant | None = None
    name: Text = ""


class Failures(Query):
    """Failures of runs that were accepted since (by default a week ago), of one job or all."""

    since: Instant | None = None
    name: Text = ""
    limit: int = Field(50, ge=1, le=500)


@noun.get("/stats/", query=Period, gives=PeriodStatistics)
def stats(query: Period) -> dict[str, Any]:
    """Count what became of runs, and how long they waited and worked, per job."""
    until = query.until or clock.now()
    since = query.since or until - DAY
    items = [_statistic(each) for each in monitor.statistics(since, query.until, query.name)]
    return {"since": since, "until": until, "items": items}


@noun.get("/failures/", query=Failures, gives=ListOf[FailureGroup])
def failures(query: Failures) -> dict[str, Any]:
    """Group failures by cause, each in plain words with what can be done."""
    since = query.since or clock.now() - WEEK
    groups = monitor.failure_groups(since, name=query.name, limit=query.limit)
    return {"items": [facts_of(group, FailureGroup) for group in groups]}


@noun.get("/registered/", gives=ListOf[RegisteredJob])
def registered() -> dict[str, Any]:
    """List every job that can be sent."""
    moment = clock.now()
    lines = schedules.listing(moment)
    timings = {each.schedule.name: each for each in lines}
    counts = Counter(each.schedule.job for each in lines)
    held = {pause.name: pause for pause in pauses.holding(moment) if pause.scope == "job"}
    specs = current_catalog().specs.values()
    return {
        "items": [
            {
                **_job(spec, timings.get(spec.name), held.get(spec.name)),
                "schedule_count": counts[spec.name],
            }
            for spec in specs
        ]
    }


def _statistic(each: JobStatistics) -> dict[str, Any]:
    return {**facts_of(each, JobStatistic), "wait": _seconds(each.wait), "run": _seconds(each.run)}


def _seconds(percentiles: Percentiles | None) -> dict[str, float] | None:
    return asdict(percentiles) if percentiles else None


def _job(spec: JobSpec, timing: schedules.Listed | None, pause: Held | None) -> dict[str, Any]:
    names = (
        "name", "summary", "queue", "soft_limit_seconds", "hard_limit_seconds", "retries", "on_interrupt",
    )  # fmt: skip
    return {
        **{name: getattr(spec, name) for name in names},
        "priority": {1: "high", 0: "normal", -1: "low"}[spec.priority],
        "memory_limit_mb": spec.memory_limit_mb if spec.isolation == "fork" else None,
        "schedule": _timing(timing) if timing else None,
        "pause": facts_of(pause, Pause) if pause else None,
        "parameters": [asdict(each) for each in parameters.parameters(spec)],
        "arguments_schema": parameters.schema(spec),
    }


def _timing(listed: schedules.Listed) -> dict[str, Any]:
    next_at = listed.upcoming[0] if listed.upcoming else None
    facts = {"words": listed.words, "enabled": listed.schedule.enabled, "next_at": next_at}
    return {**facts, "upcoming": listed.upcoming}
