"""Runs that wait in the ledger and in no queue of Redis are handed over again; a second copy is harmless."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from redis import Redis
from rq import Queue
from sqlalchemy import select, update

from edupulse.control.catalog import LANES, current_catalog
from edupulse.control.fingerprint import fingerprint
from edupulse.control.messages import PUSH_BATCH, RANK_STEP, push
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.control.pauses import is_held
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.transaction import look_anew, rows_changed, transaction

LOST_AFTER = timedelta(seconds=15)  # a run is in Redis within milliseconds after its commit
LOOKED_AT = 50_000  # waiting runs compared per round, the oldest first
PUSHED_MOST = 2_500  # runs per round: a second's work, so that the clock ticks in between
UNKNOWN_AFTER = timedelta(hours=1)  # an upgrade may accept jobs that an older process does not know yet

log = get_logger(__name__)


def hand_over_again(redis: Redis, moment: datetime) -> tuple[int, bool]:
    """Push runs that Redis has lost; return how many, and whether more are left. Raises Unavailable.

    What was popped and not begun counts as lost; what is paused waits in the ledger alone. Redis is read before the
    ledger, so that a run which is popped meanwhile has begun, and waits no more, when the ledger is read.
    """
    present = _in_queues(redis)
    lost = [run_id for run_id in _waiting(moment) if run_id not in present]
    handed = sum(_push(batch) for batch in _batches(lost[:PUSHED_MOST]))
    return handed, len(lost) > PUSHED_MOST


def fail_unknown(moment: datetime) -> int:
    """Fail runs whose job the catalog has not known for `UNKNOWN_AFTER`; return how many."""
    message = "The catalog has no job of this name any more, so the run cannot be worked on."
    lost = (
        OPEN_ROWS,
        JobRun.state.in_(("queued", "deferred")),
        JobRun.available_at < moment - UNKNOWN_AFTER,
        JobRun.name.not_in(current_catalog().specs),
    )
    facts = {"state": "failed", "ended_at": moment, "error_class": "UnknownJob", "error_message": message}
    with transaction() as session:
        names = session.scalars(select(JobRun.name).where(*lost).distinct()).all()
        return sum(
            rows_changed(
                session,
                update(JobRun)
                .where(*lost, JobRun.name == name)
                .values(**facts, error_fingerprint=fingerprint(name, "UnknownJob", message)),
            )
            for name in names
        )


def _in_queues(redis: Redis) -> set[str]:
    with redis.pipeline(transaction=False) as pipeline:
        for name in LANES:
            pipeline.lrange(Queue(name, connection=redis).key, 0, -1)
        return {member.decode("utf-8", "replace") for members in pipeline.execute() for member in members}


def _waiting(moment: datetime) -> list[str]:
    """Return the runs that wait and are not paused, in the order in which a worker would take them."""
    look_anew()
    waiting = (
        select(JobRun.id, JobRun.priority, JobRun.available_at)
        .where(OPEN_ROWS, JobRun.state == "queued", JobRun.available_at < moment - LOST_AFTER)
        .where(JobRun.name.in_(current_catalog().specs), ~is_held(moment))
        .order_by(JobRun.available_at)
        .limit(LOOKED_AT)
    )
    rows = db.session.execute(waiting).all()
    return [
        row.id
        for row in sorted(rows, key=lambda row: row.available_at.timestamp() - row.priority * RANK_STEP)
    ]


def _push(run_ids: Sequence[str]) -> int:
    """Push a batch; if one run of it cannot be pushed, the others go one by one."""
    try:
        push(run_ids)
    except Unavailable:
        raise
    except Exception:  # noqa: BLE001 - one bad row must not keep the rest
        return sum(map(_push_alone, run_ids))
    return len(run_ids)


def _push_alone(run_id: str) -> int:
    try:
        push([run_id])
    except Unavailable:
        raise
    except Exception:  # as above
        log.exception("run cannot be handed over", run=run_id)
        return 0
    return 1


def _batches(run_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (run_ids[start : start + PUSH_BATCH] for start in range(0, len(run_ids), PUSH_BATCH))
