"""What a job of reports does: what was missed is made up for, the report is made, its subscribers get it."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.config import current_settings
from edupulse.control.execution import current_run
from edupulse.control.models import MACHINES
from edupulse.reports.mailing import mail_report
from edupulse.reports.making import CLOCK, is_last, make, make_missed
from edupulse.reports.periods import period_at


def run(kind: str, start: str = "") -> dict[str, int]:
    """Make the report of the period that `start` names, empty: of the last one that is over; mail it if it is news.

    Only the last period is news: an older report is made anew for the pages, and nobody gets it in the mail.
    Without a start the reports are made too that are missing since the newest one. Raises Invalid.
    """
    moment = now()
    missed = 0 if start else make_missed(kind, now=moment)
    report = make(kind, now=moment, start=start, by=_who())
    mails = mail_report(report.id) if is_last(report, moment) else 0
    return {"report": report.id, "mails": mails, **({"missed": missed} if missed else {})}


def check_start(kind: str, start: str) -> None:
    """Raise Invalid unless `start` names a period of this kind, or is empty for the last one that is over."""
    if start:
        period_at(kind, start, current_settings().timezone)


def _who() -> str:
    run = current_run()
    return CLOCK if run is None or run.actor in MACHINES else run.actor
