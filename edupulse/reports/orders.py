"""A person has a report made, which is on record, and goes from one to those beside it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.database import db
from edupulse.reports import making
from edupulse.reports.models import Report
from edupulse.reports.periods import after, before
from edupulse.reports.reading import existing, period_of


@dataclass(frozen=True)
class Neighbours:
    """The reports of the same kind about the periods before and after, by number, where they were made."""

    before: int | None
    after: int | None


def make_now(kind: str, start: str = "", *, actor: str) -> Report:
    """Make the report of a period, or make it anew; see `making.make`. Nobody is mailed."""
    report = making.make(kind, now=now(), start=start, by=actor)
    record(actor, "report.make", f"report:{report.id}", kind=report.kind, starts_at=report.starts_at)
    return existing(report.id)


def make_again(report_id: int, *, actor: str) -> Report:
    """Make one report anew, of the same period. Raises NotFound."""
    report = existing(report_id)
    return make_now(report.kind, report.starts_at.isoformat(), actor=actor)


def neighbours(report: Report) -> Neighbours:
    """Return the reports beside one."""
    period = period_of(report)
    starts = {each.starts_at for each in (before(period), after(period))}
    beside = select(Report.id, Report.starts_at).where(
        Report.kind == report.kind, Report.starts_at.in_(starts)
    )
    found = {row.starts_at < report.starts_at: row.id for row in db.session.execute(beside)}
    return Neighbours(found.get(True), found.get(False))
