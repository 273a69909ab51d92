"""`/jobs`: runs listed, sent, looked at and waited for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from edupulse import clock
from edupulse.api.answers import page_of
from edupulse.api.gate import actor
from edupulse.api.job_facts import Job, facts_of_run
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.job_words import NewJob, Patience, WhichJobs
from edupulse.api.long_poll import wait_for_news
from edupulse.api.noun import Noun
from edupulse.api.schema import ListOf, PageOf
from edupulse.control import monitor, sending
from edupulse.control.models import PRIORITIES
from edupulse.errors import Invalid

noun = Noun("jobs", __name__, url_prefix="/jobs")


class JobPage(PageOf[Job]):
    """Runs, newest first. Where a search would take long, it stops at `looked_to`; `next` goes on there."""

    looked_to: datetime | None


@noun.get("/", query=WhichJobs, gives=JobPage)
def list_jobs(query: WhichJobs) -> dict[str, Any]:
    """List runs, newest first."""
    page = monitor.runs(query.filters(), **query.page())
    return {**page_of(page, facts_of_run), "looked_to": page.looked_to}


@noun.get("/history/", query=WhichJobs, gives=JobPage)
def history(query: WhichJobs) -> dict[str, Any]:
    """List runs, newest first; the same list under the name that other systems give it."""
    return list_jobs(query)


@noun.post("/", body=NewJob, gives=JobInFull, status=202)
def send(body: NewJob) -> dict[str, Any]:
    """Accept one run of a job; with a `unique_key` the run that has it already may be the answer."""
    words = body.said()
    how: dict[str, Any] = {name: words[name] for name in ("unique_key", "if_exists") if name in words}
    how["priority"] = PRIORITIES[words["priority"]] if "priority" in words else None
    how["not_before"] = _not_before(body)
    return in_full(sending.send(body.name, body.arguments, actor=actor(), **how))


@noun.get("/active/", gives=ListOf[Job])
def active() -> dict[str, Any]:
    """List the runs that are under way, the oldest first, at most 200."""
    return {"items": [facts_of_run(run) for run in monitor.active(clock.now())]}


@noun.get("/<job_id>/", query=Patience, gives=JobInFull)
def show(job_id: str, query: Patience) -> dict[str, Any]:
    """Return one run; with `wait` when it is over, or has news that the caller has not seen."""
    wait_for_news(job_id, seconds=query.wait, seen=query.seen)
    return in_full(monitor.run(job_id))


def _not_before(body: NewJob) -> datetime | None:
    if body.delay_seconds is None:
        return body.not_before
    if body.not_before is not None:
        raise Invalid(
            "Now, later, or when?", cure="Give one of not_before and delay_seconds.", field="not_before"
        )
    return clock.now() + timedelta(seconds=body.delay_seconds)
