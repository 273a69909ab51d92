"""A report goes to its subscribers, each once, however often it is made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

from sqlalchemy import select

from edupulse.clock import now
from edupulse.control.progress import report as report_progress
from edupulse.database import db
from edupulse.mail.compose import Mail
from edupulse.mail.models import Delivery
from edupulse.mail.outbox import Posting, accept_many
from edupulse.reports.compose import compose
from edupulse.reports.models import Report
from edupulse.reports.reading import existing
from edupulse.reports.subscriptions import of_kind

KIND = "report"  # of its deliveries
# After so long the next reports have said more than this one.
OF_USE_FOR = {
    "hourly": timedelta(hours=12),
    "daily": timedelta(days=7),
    "weekly": timedelta(days=14),
    "monthly": timedelta(days=31),
}
NOT_LEAVING = ("suppressed", "rejected")


def mail_report(report_id: int) -> int:
    """Mail a report to each subscriber who has not had it; return how many mails are new and leave.

    Once per address, kind and period, whatever is made anew or runs twice. Raises NotFound.
    """
    report = existing(report_id)
    known = _had_it(report)
    wanted = [each for each in of_kind(report.kind) if each.address not in known]
    letter = cache(lambda locale: compose(report, "", locale))
    postings = [_posting(report, letter(each.locale), each.address) for each in wanted]
    report_progress(0, max(1, len(postings)), "mails")
    accepted = accept_many(postings)
    report_progress(max(1, len(postings)), max(1, len(postings)), "mails")
    return sum(each.state not in NOT_LEAVING for each in accepted)


def _posting(report: Report, letter: Mail, address: str) -> Posting:
    moment = now()
    return Posting(
        replace(letter, address=address),
        kind=KIND,
        subject_id=report.kind,
        occurrence=_occurrence(report),
        due_at=moment,
        expires_at=moment + OF_USE_FOR[report.kind],
    )


def _had_it(report: Report) -> set[str]:
    mine = (
        Delivery.kind == KIND,
        Delivery.subject_id == report.kind,
        Delivery.occurrence == _occurrence(report),
    )
    return set(db.session.scalars(select(Delivery.comparable).where(*mine)))


def _occurrence(report: Report) -> str:
    return report.starts_at.isoformat()
