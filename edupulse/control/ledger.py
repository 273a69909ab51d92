"""The life of a run after it was accepted: begun once, ended once, never overwritten by a ghost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.catalog import current_catalog
from edupulse.control.messages import push
from edupulse.control.models import OPEN_ROWS, JobRun, Pause
from edupulse.control.outcomes import write_all, write_one
from edupulse.control.run import Outcome, Run
from edupulse.database import db
from edupulse.transaction import after_commit, transaction

RELEASE_BATCH = 500

# Tables, not classes: the ORM would look through its session after each of these.
_runs, _pauses = JobRun.__table__, Pause.__table__

_IS_PAUSED = exists().where(
    or_(
        (_pauses.c.scope == "queue") & (_pauses.c.name == _runs.c.queue),
        (_pauses.c.scope == "job") & (_pauses.c.name == _runs.c.name),
    ),
    or_(_pauses.c.until.is_(None), _pauses.c.until > bindparam("moment")),
)
_CLAIM = (
    update(_runs)  # type: ignore[arg-type]
    .where(_runs.c.id.in_(bindparam("ids", expanding=True)), _runs.c.state == "queued", ~_IS_PAUSED)
    .values(
        state="started",
        worker=bindparam("by"),
        started_at=bindparam("moment"),
        ended_at=None,
        attempts=_runs.c.attempts + 1,
    )
    .returning(*(_runs.c[name] for name in Run.__slots__))
)


def turn(run_ids: Sequence[str], outcomes: Sequence[Outcome], *, worker: str) -> list[Run]:
    """Write how attempts ended and claim these queued runs for `worker`, in one commit; return those that are ours.

    Not ours: what somebody else has, what is over, and what is paused. An outcome is written only while its
    attempt is the last one.
    """
    # Lost in a power cut, a run is as it was before: its worker is gone as well, and it is begun again.
    with transaction(durable=False) as session:
        write_all(session, [outcome for outcome in outcomes if not outcome.written], worker)
        return _claim(session, run_ids, worker) if run_ids else []


def begin(run_id: str, worker: str) -> Run | None:
    """Claim one queued run for `worker`; None when somebody else has it or it is over."""
    return next(iter(turn([run_id], (), worker=worker)), None)


def finish(run: Run, result: Any) -> bool:
    """Record the result; False when another attempt has taken the run over."""
    return write(Outcome(run, "finished", result))


def fail(run: Run, error: BaseException) -> bool:
    """Record the error; try again later when that can help, else the run has failed."""
    spec = current_catalog().specs.get(run.name)
    return write(Outcome.of_error(run, error, spec.permanent if spec else ()))


def write(outcome: Outcome) -> bool:
    """Record how an attempt ended; False when another attempt has taken the run over."""
    with transaction() as session:
        return write_one(session, outcome)


def release_due(moment: datetime) -> int:
    """Queue again the deferred runs whose time has come; return how many."""
    due = (
        select(JobRun.id)
        .where(OPEN_ROWS, JobRun.state == "deferred", JobRun.available_at <= moment)
        .limit(RELEASE_BATCH)
    )
    db.session.rollback()  # an older snapshot would hide what has become due since
    if not (ids := db.session.scalars(due).all()):
        return 0  # asked each second: without work it must not wait for another writer
    with transaction() as session:
        for run_id in ids:
            session.execute(_moved(run_id, "deferred", "queued", available_at=moment))
            after_commit(push, run_id)
    return len(ids)


def _claim(session: Session, run_ids: Sequence[str], worker: str) -> list[Run]:
    rows = session.execute(_CLAIM, {"ids": list(run_ids), "by": worker, "moment": now()})
    return [Run(*row) for row in rows]


def _moved(run_id: str, before: str, after: str, **values: Any) -> Any:
    return update(JobRun).where(JobRun.id == run_id, JobRun.state == before).values(state=after, **values)
