"""What is held: queues and jobs from which nothing begins until somebody, or a set hour, lets them go on.

The table is the truth, and the ledger asks it at each claim. Redis has a copy of the paused queues, so that their
messages stay where they are; what was taken all the same is dropped there and pushed again at the end of the pause.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from redis import Redis
from sqlalchemy import ColumnElement, delete, exists, func, or_, select

from edupulse.accounts import audit
from edupulse.clock import now
from edupulse.control.catalog import QUEUES, current_catalog, lanes
from edupulse.control.connection import redis_or_unavailable
from edupulse.control.messages import push
from edupulse.control.models import OPEN_ROWS, JobRun, Pause
from edupulse.database import db
from edupulse.errors import Invalid
from edupulse.logs import get_logger
from edupulse.transaction import after_commit, transaction

PAUSED = "edupulse:paused"  # set in Redis: names of queues
SCOPES = ("queue", "job")
LONGEST_REASON = 200  # characters, as the column
PUSHED_MOST = 5_000  # runs at the end of a pause, about a second's work; the reconciler pushes the rest
BY_ITSELF = "system"

log = get_logger(__name__)


def pause(scope: str, name: str, actor: str, reason: str = "", until: datetime | None = None) -> Pause:
    """Let nothing of the queue or job `name` begin any more, until `until` (aware) or until it is resumed.

    What runs goes on. Pausing again changes reason and end. Raises Invalid.
    """
    moment = now()
    check(scope, name)
    if until is not None and (until.tzinfo is None or until <= moment):
        raise Invalid("A pause can only end later than now.", cure="Name an hour that is to come, or none.")
    with transaction() as session:
        known = session.get(Pause, (scope, name))
        before, row = _shown(known), known or Pause(scope=scope, name=name, created_at=moment)
        row.reason, row.actor, row.until = reason[:LONGEST_REASON], actor, until
        session.add(row)
        audit.record(actor, f"{scope}.pause", f"{scope}:{name}", before=before, after=_shown(row))
        after_commit(_mirror_later, name)
    return row


def resume(scope: str, name: str, actor: str) -> bool:
    """Let the queue or job `name` go on and push what waited; say whether it was paused. Raises Invalid."""
    check(scope, name)
    with transaction() as session:
        row = session.get(Pause, (scope, name))
        if row is not None:
            _lift(row, actor)
    return row is not None


def check(scope: str, name: str) -> None:
    """Raise Invalid unless there is such a queue or job."""
    if scope not in SCOPES:
        raise Invalid(f"{scope[:100]!r} cannot be paused.", cure="Pause a queue or a job.")
    if scope == "queue" and name not in QUEUES:
        raise Invalid(f"There is no queue {name[:100]!r}.", cure=f"Known: {', '.join(QUEUES)}.")
    if scope == "job":
        current_catalog().get(name)


def upkeep(moment: datetime) -> int:
    """End the pauses whose time is over, and make Redis's copy right; return how many ended.

    For the scheduler's rounds, every few seconds. Raises Unavailable, with the table in order by then.
    """
    db.session.rollback()  # ends an older snapshot
    rows = db.session.scalars(select(Pause)).all()
    if not any(_is_over(row, moment) for row in rows):
        _show_in_redis(rows)
        return 0
    with transaction() as session:
        over = [row for row in session.scalars(select(Pause)) if _is_over(row, moment)]
        for row in over:
            _lift(row, BY_ITSELF)
    return len(over)


def holding(moment: datetime) -> list[Pause]:
    """Return the pauses that hold at `moment`, queues first."""
    rows = db.session.scalars(select(Pause).where(_holds(moment)).order_by(Pause.scope.desc(), Pause.name))
    return list(rows)


def is_held(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that holds for runs which a pause keeps from beginning."""
    of_queue = (Pause.scope == "queue") & (Pause.name == JobRun.queue)
    of_job = (Pause.scope == "job") & (Pause.name == JobRun.name)
    return exists().where(or_(of_queue, of_job), _holds(moment))


def waiting_in(scope: str, name: str) -> int:
    """Return how many queued runs the queue or job has."""
    waiting = select(func.count()).where(OPEN_ROWS, JobRun.state == "queued", _its(scope, name))
    return db.session.scalar(waiting) or 0


def mirror() -> None:
    """Make the set of paused queues in Redis equal to the table. Raises Unavailable."""
    _show_in_redis(holding(now()))


def _show_in_redis(rows: Iterable[Pause]) -> None:
    wanted = {row.name.encode() for row in rows if row.scope == "queue"}
    with redis_or_unavailable() as redis:
        if redis.smembers(PAUSED) != wanted:
            _replace(redis, wanted)


def _holds(moment: datetime) -> ColumnElement[bool]:
    return or_(Pause.until.is_(None), Pause.until > moment)


def _is_over(row: Pause, moment: datetime) -> bool:
    return row.until is not None and row.until <= moment


def _lift(row: Pause, actor: str) -> None:
    with transaction() as session:
        session.execute(delete(Pause).where(Pause.scope == row.scope, Pause.name == row.name))
        subject = f"{row.scope}:{row.name}"
        audit.record(actor, f"{row.scope}.resume", subject, before=_shown(row), after=_shown(None))
        after_commit(_go_on, (row.scope, row.name))
    log.info("pause ended", scope=row.scope, name=row.name, actor=actor)


def _shown(row: Pause | None) -> dict[str, object]:
    """Return a pause as the audit log keeps it."""
    if row is None:
        return {"paused": False}
    return {"paused": True, "reason": row.reason, "until": row.until}


def _mirror_later(names: Iterable[str]) -> None:
    mirror()


def _go_on(ended: Iterable[tuple[str, str]]) -> None:
    """Tell Redis, then push what waits in the ledger and has no message any more."""
    mirror()
    for scope, name in ended:
        with redis_or_unavailable() as redis:
            present = _messages(redis, name if scope == "queue" else current_catalog().get(name).queue)
        push([run_id for run_id in _waiting(scope, name) if run_id not in present][:PUSHED_MOST])


def _waiting(scope: str, name: str) -> list[str]:
    moment = now()
    waiting = select(JobRun.id).where(
        OPEN_ROWS, JobRun.state == "queued", _its(scope, name), ~is_held(moment)
    )
    return list(db.session.scalars(waiting.order_by(JobRun.priority.desc(), JobRun.available_at)))


def _its(scope: str, name: str) -> ColumnElement[bool]:
    return JobRun.queue == name if scope == "queue" else JobRun.name == name


def _messages(redis: Redis, queue: str) -> set[str]:
    with redis.pipeline(transaction=False) as pipeline:
        for lane in lanes(queue):
            pipeline.lrange(f"rq:queue:{lane}", 0, -1)
        return {member.decode("utf-8", "replace") for members in pipeline.execute() for member in members}


def _replace(redis: Redis, wanted: set[bytes]) -> None:
    with redis.pipeline() as pipeline:
        pipeline.delete(PAUSED)
        if wanted:
            pipeline.sadd(PAUSED, *wanted)
        pipeline.execute()
