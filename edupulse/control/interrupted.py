"""Runs whose worker died under them: settled by evidence and policy, put aside when they kill worker after worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update

from edupulse.control import steps
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.dispatch import OUTAGES
from edupulse.control.fingerprint import fingerprint
from edupulse.control.messages import push
from edupulse.control.models import FINAL_STATES, OPEN_ROWS, JobRun
from edupulse.control.outcomes import after_interruption
from edupulse.control.run import Run
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, transaction

POISON_DEATHS = 3  # a run under which this many processes of its own died is not given to a fourth
SUSPECT_DEATHS = 6  # of whole machines and keepers, which may have died of anything else

log = get_logger(__name__)


def runs_apart(spec: JobSpec | None, deaths: int) -> bool:
    """Say whether a run is given a process of its own: a heavy one, or one that a worker has died under."""
    return deaths > 0 or (spec is not None and spec.isolation == "fork")


def interrupt(
    worker: str, moment: datetime, cause: str = "died", *, on_purpose: bool = False, by_keeper: bool = False
) -> int:
    """Settle the runs that `worker` had begun and cannot end any more; return how many.

    `cause` completes the sentence "The worker w1 ...", e.g. "was killed by the system for want of memory".
    When it was ended `on_purpose` (a restart), no run is suspected of having killed it; when its keeper saw it die,
    not those in a process of their own, whose deaths it counts one by one.
    """
    with transaction() as session:
        begun = select(JobRun).where(OPEN_ROWS, JobRun.state == "started", JobRun.worker == worker)
        held = session.scalars(begun.with_for_update()).all()
        for run in held:
            _settle(run, moment, cause, spared=on_purpose or (by_keeper and _was_apart(run)))
            session.flush()
            if run.state in FINAL_STATES and run.workflow_step_id is not None:
                steps.ended(session, run.workflow_step_id, run.state)
    return len(held)


def note_death(run: Run) -> int:
    """Count that the process of `run` died under it; return how many have, as far as the ledger can be asked."""
    died = (
        update(JobRun)
        .where(JobRun.id == run.id, JobRun.attempts == run.attempts)
        .values(deaths=JobRun.deaths + 1)
    )
    try:
        with transaction() as session:
            deaths = session.scalar(died.returning(JobRun.deaths)) or run.deaths
    except OUTAGES as error:
        log.warning("death not counted", run=run.id, job=run.name, reason=type(error).__name__)
        deaths = run.deaths + 1
    if deaths >= POISON_DEATHS:
        log.error("run put aside: it kills its workers", run=run.id, job=run.name, deaths=deaths)
    return deaths


def _was_apart(run: JobRun) -> bool:
    return runs_apart(current_catalog().specs.get(run.name), run.deaths)


def _settle(run: JobRun, moment: datetime, cause: str, *, spared: bool) -> None:
    what = f"The worker {run.worker} {cause} while this run was under way (attempt {run.attempts})."
    if run.cancel_requested_at is not None:
        _end(run, "cancelled", "Cancelled", f"Stopped by {run.cancel_actor}. {what}", moment)
    elif _is_overdue(run, moment):
        limit = current_catalog().specs[run.name].hard_limit_seconds
        words = f"It ran longer than its limit of {limit} seconds. {what}"
        _end(run, "failed", "TimeLimitExceeded", words, moment)
    else:
        run.deaths += not spared
        _settle_by_policy(run, moment, what)
    log.warning("run interrupted", run=run.id, job=run.name, worker=run.worker, cause=cause, now=run.state)


def _settle_by_policy(run: JobRun, moment: datetime, what: str) -> None:
    state = after_interruption(run.name)
    if run.deaths >= SUSPECT_DEATHS:
        words = f"{run.deaths} workers died under it; it is not tried again. {what}"
        _end(run, "failed", "Quarantined", words, moment)
        log.error("run put aside: it kills its workers", run=run.id, job=run.name, deaths=run.deaths)
    elif state == "failed":
        _end(run, "failed", "Interrupted", what, moment)
    else:
        # The attempt is given back: its budget is for errors of the job, and deaths have their own.
        run.state, run.available_at, run.max_attempts = state, moment, run.max_attempts + 1
        run.error_class, run.error_message = "Interrupted", what
        if state == "queued":
            after_commit(push, run.id)


def _end(run: JobRun, state: str, error_class: str, message: str, moment: datetime) -> None:
    run.state, run.ended_at, run.error_class, run.error_message = state, moment, error_class, message
    run.error_fingerprint = fingerprint(run.name, error_class, message) if state == "failed" else None


def _is_overdue(run: JobRun, moment: datetime) -> bool:
    spec = current_catalog().specs.get(run.name)
    if spec is None or run.started_at is None:
        return False
    return moment - run.started_at >= timedelta(seconds=spec.hard_limit_seconds)
