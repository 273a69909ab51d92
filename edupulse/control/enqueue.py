"""The one entrance for work: a checked row in the ledger first, a message in Redis after the commit."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from edupulse.clock import now
from edupulse.control.catalog import JobSpec, current_catalog
from edupulse.control.messages import push
from edupulse.control.models import OPEN_ROWS, JobRun
from edupulse.database import db
from edupulse.errors import Conflict, Invalid
from edupulse.logs import current_request_id
from edupulse.transaction import after_commit, rows_changed, transaction

# Tables, not classes, and made once: it is said for every occurrence of every schedule.
_INSERT_UNLESS_KNOWN = {
    dialect: upsert(JobRun.__table__).on_conflict_do_nothing().returning(JobRun.__table__.c.id)  # type: ignore[arg-type]
    for dialect, upsert in (("sqlite", sqlite_insert), ("postgresql", postgresql_insert))
}
IF_EXISTS = ("skip", "replace", "error")


def enqueue(
    name: str,
    *,
    occurrence_key: str | None = None,
    unique_key: str | None = None,
    if_exists: str = "skip",
    priority: int | None = None,
    not_before: datetime | None = None,
    actor: str = "system",
    **arguments: Any,
) -> JobRun:
    """Accept one run of the job `name` and hand it to Redis when the transaction has committed.

    The same `occurrence_key` is accepted once for ever: later calls return the first run. A `unique_key` is held
    by a run until it is over; meanwhile another call returns that run (`skip`), takes its place if it has not
    begun (`replace`), or raises Conflict (`error`, and `replace` once it has begun). `priority` is 1, 0 or -1,
    by default that of the job; `not_before` is an aware instant.
    Raises Invalid for an unknown name or arguments that do not fit; Redis being away raises nothing.
    """
    spec = current_catalog().get(name)
    spec.check(arguments)
    row = {
        **_row(spec, arguments, actor),
        "occurrence_key": occurrence_key,
        "unique_key": unique_key,
        **_when(spec, priority, not_before),
    }
    if if_exists not in IF_EXISTS:
        raise Invalid(f"if_exists={if_exists!r} is not known.", cure=f"Use one of {', '.join(IF_EXISTS)}.")
    with transaction() as session:
        if holder := _holder(session, row, if_exists):
            return holder
        if row["state"] == "queued":
            after_commit(push, row["id"])
        return session.get_one(JobRun, row["id"])


def enqueue_many(
    name: str, arguments_list: Iterable[dict[str, Any]], *, priority: int | None = None, actor: str = "system"
) -> list[str]:
    """Accept many runs of one job at once; return their ids."""
    spec = current_catalog().get(name)
    rows = []
    for arguments in arguments_list:
        spec.check(arguments)
        rows.append({**_row(spec, arguments, actor), **_when(spec, priority, None)})
    if not rows:
        return []
    with transaction() as session:
        session.execute(insert(JobRun), rows)
        for row in rows:
            after_commit(push, row["id"])
    return [row["id"] for row in rows]


def _row(spec: JobSpec, arguments: dict[str, Any], actor: str) -> dict[str, Any]:
    return {
        "id": f"{spec.name.replace('.', '-')}-{secrets.token_hex(10)}",
        "name": spec.name,
        "queue": spec.queue,
        "arguments": arguments,
        "actor": actor,
        "request_id": current_request_id(),
        "attempts": 0,
        "max_attempts": spec.retries + 1,
        "created_at": now(),
    }


def _when(spec: JobSpec, priority: int | None, not_before: datetime | None) -> dict[str, Any]:
    if priority not in (None, 1, 0, -1):
        raise Invalid(f"priority={priority!r} is not known.", cure="Use 1 (high), 0 (normal) or -1 (low).")
    if not_before is not None and not_before.tzinfo is None:
        raise Invalid("not_before needs an instant.", cure="Pass an aware time.", at=not_before.isoformat())
    moment = now()
    waits = not_before is not None and not_before > moment
    return {
        "priority": spec.priority if priority is None else priority,
        "state": "deferred" if waits else "queued",
        "available_at": not_before if waits else moment,
    }


def _holder(session: Session, row: dict[str, Any], if_exists: str) -> JobRun | None:
    """Write `row`, or return the run that has its key already."""
    if not (row["occurrence_key"] or row["unique_key"]):
        session.execute(insert(JobRun), [row])
        return None
    if if_exists == "replace" and row["unique_key"]:
        _make_room(session, row)
    if session.scalar(_INSERT_UNLESS_KNOWN[db.engine.dialect.name], row) is not None:
        return None
    if (first := _first_of(session, JobRun.occurrence_key, row["occurrence_key"])) is not None:
        return first
    holder = _first_of(session, JobRun.unique_key, row["unique_key"])
    if holder is None:  # it ended between the two statements
        return _holder(session, row, if_exists)
    if if_exists != "skip":
        raise Conflict(
            f"{holder.name} with the key {row['unique_key']!r} is {holder.state} already.",
            cure="Wait until it is over, or cancel it.",
            run_id=holder.id,
        )
    return holder


def _make_room(session: Session, row: dict[str, Any]) -> None:
    """Cancel the run that has the key, if it has not begun."""
    replaced = (
        update(JobRun)
        .where(OPEN_ROWS, JobRun.unique_key == row["unique_key"], JobRun.state.in_(("queued", "deferred")))
        .values(
            state="cancelled",
            ended_at=now(),
            error_class="Replaced",
            error_message=f"{row['id']} took its place.",
        )
    )
    rows_changed(session, replaced)


def _first_of(session: Session, column: Any, key: str | None) -> JobRun | None:
    if key is None:
        return None
    known = select(JobRun).where(column == key)
    return session.scalars(known.where(OPEN_ROWS) if column is JobRun.unique_key else known).first()
