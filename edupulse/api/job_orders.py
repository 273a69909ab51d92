"""`/jobs/<id>/revoke`, `/retry`, `/requeue`, `/leave`, the same for many at once, and jobs that are paused."""

from __future__ import annotations

from typing import Any

from edupulse.api.answers import facts_of
from edupulse.api.gate import actor
from edupulse.api.job_in_full import JobInFull, in_full
from edupulse.api.job_words import JobsToRevoke, ManyJobs, Order, Pause, Pausing, Reason, Resumed
from edupulse.api.noun import Noun
from edupulse.control import actions, pauses

noun = Noun("job_orders", __name__, url_prefix="/jobs")


@noun.post("/<job_id>/revoke/", body=Reason, gives=JobInFull)
def revoke(job_id: str, body: Reason) -> dict[str, Any]:
    """Call one run off: at once where it waits; one that runs is asked to stop, and ended if it does not."""
    return in_full(actions.cancel(job_id, actor(), body.reason or ""))


@noun.post("/<job_id>/retry/", gives=JobInFull, status=202)
def retry(job_id: str) -> dict[str, Any]:
    """Try one run again that failed, was called off or was interrupted."""
    return in_full(actions.retry(job_id, actor()))


@noun.post("/<job_id>/requeue/", gives=JobInFull, status=202)
def requeue(job_id: str) -> dict[str, Any]:
    """Let one run be due now that waits for its queue, its hour or its next try."""
    return in_full(actions.requeue(job_id, actor()))


@noun.post("/<job_id>/leave/", body=Reason, gives=JobInFull)
def leave(job_id: str, body: Reason) -> dict[str, Any]:
    """Let one interrupted run count as failed instead of repeating it."""
    return in_full(actions.leave(job_id, actor(), body.reason or ""))


@noun.post("/revoke/", body=JobsToRevoke, gives=Order)
def revoke_many(body: JobsToRevoke) -> dict[str, Any]:
    """Call many runs off; what is over is passed by."""
    count = actions.cancel_all(
        body.selection(),
        actor(),
        body.reason or "",
        waiting_only=bool(body.waiting_only),
        dry_run=bool(body.dry_run),
    )
    return _done("revoke", body, count)


@noun.post("/retry/", body=ManyJobs, gives=Order)
def retry_many(body: ManyJobs) -> dict[str, Any]:
    """Try many runs again that ended badly; what cannot be tried again is passed by."""
    return _done("retry", body, actions.retry_all(body.selection(), actor(), dry_run=bool(body.dry_run)))


@noun.post("/requeue/", body=ManyJobs, gives=Order)
def requeue_many(body: ManyJobs) -> dict[str, Any]:
    """Let many runs be due now that wait; what does not wait is passed by."""
    return _done("requeue", body, actions.requeue_all(body.selection(), actor(), dry_run=bool(body.dry_run)))


@noun.post("/<name>/pause/", body=Pausing, gives=Pause)
def pause(name: str, body: Pausing) -> dict[str, Any]:
    """Let no run of the job `name` begin, until an instant or until it is resumed; what runs goes on."""
    return facts_of(pauses.pause("job", name, actor(), body.reason or "", body.until), Pause)


@noun.post("/<name>/resume/", gives=Resumed)
def resume(name: str) -> dict[str, Any]:
    """Let runs of the job `name` begin again."""
    return {"name": name, "was_paused": pauses.resume("job", name, actor())}


def _done(order: str, body: ManyJobs, count: int) -> dict[str, Any]:
    passed_by = len(set(body.ids)) - count if body.ids else None
    return {"order": order, "jobs": count, "dry_run": bool(body.dry_run), "passed_by": passed_by}
