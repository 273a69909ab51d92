"""Is data kept as long as DATA_KEEP_DAYS says: does every class that it names exist, and does old data go."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import select

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.doctor.finding import Finding, ok, problem, warning
from edupulse.errors import Invalid
from edupulse.upkeep.classes import CLASSES, check_settings
from edupulse.upkeep.orders import CLEANUP

SILENT = timedelta(days=3)  # a night or two may be missed; after three nobody deletes anything


def classes() -> Iterator[Finding]:
    """Check that the setting names only classes that there are: with one that there is not, nothing goes."""
    try:
        check_settings()
    except Invalid as error:
        yield problem("data_keep_days", f"Old data is not deleted. {error.message}", error.cure)
    else:
        kept = sum(1 for each in CLASSES if not each.days)
        yield ok(
            "data_keep_days", f"{len(CLASSES) - kept} classes of data go when they are old, {kept} never."
        )


def cleanups() -> Iterator[Finding]:
    """Check that the job that deletes old data has come to its end lately, where it has ever run."""
    runs = select(JobRun.state, JobRun.created_at).where(JobRun.name == CLEANUP)
    latest = db.session.execute(runs.order_by(JobRun.created_at.desc()).limit(1)).first()
    if latest is None:
        return
    if latest.state == "failed" or latest.created_at < now() - SILENT:
        words = "failed" if latest.state == "failed" else "has not run for days"
        cure = f"See: python cli.py jobs list --name {CLEANUP}"
        yield warning("cleanup", f"The job that deletes old data {words}.", cure)
    else:
        yield ok("cleanup", "Old data is deleted each night.")
