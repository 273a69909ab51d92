"""How far the running job has come, cheap enough to be told per item."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update

from edupulse.clock import now
from edupulse.control.execution import current_run
from edupulse.control.models import JobRun
from edupulse.transaction import transaction

EVERY = timedelta(seconds=0.5)  # people cannot read faster, and each write is a commit
_last: dict[str, datetime] = {}


def report(done: int, total: int, note: str = "") -> None:
    """Show `done` of `total` on the run's page; the last item is always written."""
    run = current_run()
    if run is None or not _is_worth_writing(run.id, finished=done >= total):
        return
    values = {"progress_done": done, "progress_total": total, "progress_note": note[:200]}
    with transaction(durable=False) as session:
        session.execute(
            update(JobRun).where(JobRun.id == run.id, JobRun.attempts == run.attempts).values(**values)
        )


def _is_worth_writing(run_id: str, *, finished: bool) -> bool:
    moment = now()
    if not finished and run_id in _last and moment - _last[run_id] < EVERY:
        return False
    _last.clear()  # one process runs one job at a time
    _last[run_id] = moment
    return True
