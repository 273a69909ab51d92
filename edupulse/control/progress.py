"""How far the running job has come, cheap enough to be told per item."""

from __future__ import annotations

from contextvars import ContextVar
from time import monotonic

from sqlalchemy import update

from edupulse.control.execution import check_stop, current_run
from edupulse.control.models import JobRun
from edupulse.control.run import Run
from edupulse.transaction import transaction

EVERY_SECONDS = 0.5  # people cannot read faster, and each write is a commit

# Whose progress was written last in this thread, and when: each slot of a worker has a thread of its own.
_last: ContextVar[tuple[str, int, float]] = ContextVar("last progress", default=("", 0, 0.0))


def report(done: int, total: int, note: str = "") -> None:
    """Show `done` of `total` on the run's page; the first and the last item are always written.

    Raises Cancelled when somebody asked the job to stop. Outside a job it does nothing.
    """
    check_stop()
    run = current_run()
    if run is None or not _is_worth_writing(run, finished=done >= total):
        return
    values = {"progress_done": done, "progress_total": total, "progress_note": note[:200]}
    with transaction(durable=False) as session:
        session.execute(
            update(JobRun).where(JobRun.id == run.id, JobRun.attempts == run.attempts).values(**values)
        )


def _is_worth_writing(run: Run, *, finished: bool) -> bool:
    instant = monotonic()
    whose, attempt, written = _last.get()
    is_same = whose == run.id and attempt == run.attempts
    if is_same and not finished and instant - written < EVERY_SECONDS:
        return False
    _last.set((run.id, run.attempts, instant))
    return True
