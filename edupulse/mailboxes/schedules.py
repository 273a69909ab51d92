"""Each mailbox that is to be read becomes a schedule of its own: `mailbox-17` polls the mailbox 17."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from edupulse.control.definitions import Definition
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox

JOB = "mailboxes.poll"
PREFIX = "mailbox-"
LATENESS = 3600  # seconds: after an outage one poll at once makes up for all that were missed


def schedule_name(mailbox_id: int) -> str:
    """Return the name of the schedule that polls the mailbox."""
    return f"{PREFIX}{mailbox_id}"


def definitions() -> Mapping[str, Definition]:
    """Return the schedule of every mailbox that is enabled and not removed, by name."""
    columns = (Mailbox.id, Mailbox.interval_seconds, Mailbox.updated_at)
    polled = select(*columns).where(Mailbox.enabled, Mailbox.removed_at.is_(None))
    return {
        schedule_name(mailbox_id): Definition(
            job=JOB,
            cron=None,
            interval_seconds=interval,
            timezone="UTC",  # an interval knows of no zone, and need not move when the organisation's changes
            misfire="once",
            max_lateness_seconds=max(LATENESS, interval),
            overlap="skip",
            arguments={"mailbox_id": mailbox_id},
            revised_at=updated_at,
        )
        for mailbox_id, interval, updated_at in db.session.execute(polled)
    }


def is_of_mailboxes(name: str, job: str) -> bool:
    """Say whether the schedule `name` of the job `job` polls a mailbox, under whatever name it was made."""
    return name.startswith(PREFIX) or job == JOB
