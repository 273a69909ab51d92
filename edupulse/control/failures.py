"""Failures by their cause: runs that failed in the same way are one line, with what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from edupulse.control.diagnosis import explain
from edupulse.control.fingerprint import fingerprint
from edupulse.control.models import ENDED_BADLY, JobRun
from edupulse.database import db
from edupulse.transaction import look_anew, rows_changed, transaction

NAMED_AT_ONCE = 500  # failed runs of an older release that get their fingerprint in one transaction


@dataclass(frozen=True)
class FailureGroup:
    """Runs of one job that failed for one cause; error and message are those of the latest."""

    fingerprint: str
    name: str
    queue: str
    error_class: str
    message: str
    count: int
    first_at: datetime  # when the first and the last of them were accepted
    last_at: datetime
    last_run_id: str
    broken: bool  # no run of this job that was accepted since has finished
    cause: str
    cure: str


def failure_groups(since: datetime, *, name: str = "", limit: int = 50) -> list[FailureGroup]:
    """Return why runs failed that were accepted since `since`, the latest group first."""
    last_at = func.max(JobRun.created_at)
    groups = (
        select(JobRun.error_fingerprint, func.count(), func.min(JobRun.created_at), last_at)
        .where(ENDED_BADLY, JobRun.state == "failed", JobRun.created_at >= since)
        .where(
            JobRun.error_fingerprint.is_not(None), *([func.coalesce(JobRun.name, "") == name] if name else [])
        )
        .group_by(JobRun.error_fingerprint)
        .order_by(last_at.desc(), JobRun.error_fingerprint)
        .limit(limit)
    )
    finished: dict[str, datetime | None] = {}
    found = []
    for mark, count, first, last in db.session.execute(groups):
        latest = _latest(str(mark), last)
        if latest is None:  # tried again or pruned since the count
            continue
        if latest.name not in finished:
            finished[latest.name] = _last_finished(latest.name, since)
        found.append(_group(latest, count, first, finished[latest.name]))
    return found


def name_failures(limit: int = NAMED_AT_ONCE) -> int:
    """Give failed runs their fingerprint that have none yet, those of an older release; return how many."""
    nameless = (
        select(JobRun.id, JobRun.name, JobRun.error_class, JobRun.error_message)
        .where(ENDED_BADLY, JobRun.state == "failed", JobRun.error_fingerprint.is_(None))
        .limit(limit)
    )
    look_anew()
    rows = db.session.execute(nameless).all()
    if not rows:
        return 0  # without work it must not wait for another writer
    with transaction() as session:
        return sum(rows_changed(session, _named(*row)) for row in rows)


def _named(run_id: str, name: str, error_class: str | None, message: str | None):  # type: ignore[no-untyped-def]
    same = (JobRun.id == run_id) & (JobRun.state == "failed")
    return update(JobRun).where(same).values(error_fingerprint=fingerprint(name, error_class, message))


def _latest(mark: str, at: datetime) -> JobRun | None:
    same = (JobRun.error_fingerprint == mark) & (JobRun.created_at == at) & (JobRun.state == "failed")
    return db.session.scalars(select(JobRun).where(same).order_by(JobRun.id.desc()).limit(1)).first()


def _last_finished(name: str, since: datetime) -> datetime | None:
    """Return when the latest run of the job was accepted that has finished."""
    finished = select(JobRun.created_at).where(
        JobRun.name == name, JobRun.state == "finished", JobRun.created_at >= since
    )
    return db.session.scalar(finished.order_by(JobRun.created_at.desc()).limit(1))


def _group(latest: JobRun, count: int, first: datetime, finished: datetime | None) -> FailureGroup:
    cause = explain(latest.error_class, latest.error_message, name=latest.name)
    return FailureGroup(
        fingerprint=latest.error_fingerprint or "",
        name=latest.name,
        queue=latest.queue,
        error_class=latest.error_class or "",
        message=latest.error_message or "",
        count=count,
        first_at=first,
        last_at=latest.created_at,
        last_run_id=latest.id,
        broken=finished is None or finished < latest.created_at,
        cause=cause.words,
        cure=cause.cure,
    )
