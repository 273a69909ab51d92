"""`/workers`: every process that works, and what it has in hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from edupulse import clock
from edupulse.api.answers import facts_of
from edupulse.api.job_facts import Job, facts_of_run
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, Query, Shown
from edupulse.control import monitor
from edupulse.control.monitor import WorkerFacts

noun = Noun("workers", __name__, url_prefix="/workers")


class Worker(Shown):
    """One process, known by its heartbeat; `late` is one that is slow to tell that it lives."""

    name: str
    kind: str
    host: str
    pid: int
    pool: str | None
    state: Literal["running", "late", "stopped", "dead"]
    queues: list[str]
    threads: int
    works_on: list[Job]
    jobs_done: int
    jobs_failed: int
    memory_bytes: int | None
    started_at: datetime
    heartbeat_at: datetime
    version: str
    is_current: bool  # it runs the release that answers here


class Gone(Query):
    """For how long those are shown that have ended."""

    gone_seconds: int = Field(3600, ge=0, le=7 * 86_400, description="Also show those that ended since.")


@noun.get("/", query=Gone, gives=ListOf[Worker])
def list_workers(query: Gone) -> dict[str, Any]:
    """List the processes that live, and those that ended lately."""
    found = monitor.worker_list(clock.now(), gone=timedelta(seconds=query.gone_seconds))
    return {"items": [_facts(each) for each in found]}


def _facts(each: WorkerFacts) -> dict[str, Any]:
    return {**facts_of(each, Worker), "works_on": [facts_of_run(run) for run in each.works_on]}
