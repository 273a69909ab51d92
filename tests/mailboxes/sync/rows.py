"""What the tests of syncing share: mailboxes as rows, and short ways to look at what became of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from redis import Redis
from sqlalchemy import select

from edupulse import clock
from edupulse.control import timetable
from edupulse.control.models import Schedule
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox
from edupulse.transaction import transaction


def mailbox(number: int, **values: Any) -> Mailbox:
    """Return a mailbox that is read each minute."""
    at = clock.now()
    facts = {
        "name": f"Box {number}",
        "host": "imap.school.example",
        "username": f"box{number}@school.example",
        "interval_seconds": 60,
        "created_at": at,
        "updated_at": at,
    }
    return Mailbox(**(facts | values))


def add_mailboxes(count: int, **values: Any) -> list[int]:
    """Store `count` mailboxes; return their ids."""
    with transaction() as session:
        added = [mailbox(number, **values) for number in range(1, count + 1)]
        session.add_all(added)
        session.flush()
        return [each.id for each in added]


def change(mailbox_id: int, **values: Any) -> None:
    """Change a mailbox, as a person does, at the present moment."""
    with transaction() as session:
        row = session.get_one(Mailbox, mailbox_id)
        for name, value in {**values, "updated_at": clock.now(), "revision": row.revision + 1}.items():
            setattr(row, name, value)


def schedule_of(mailbox_id: int) -> Schedule | None:
    """Return the schedule as the database has it now."""
    db.session.rollback()
    return db.session.get(Schedule, f"mailbox-{mailbox_id}", populate_existing=True)


def next_runs() -> dict[str, datetime]:
    """Return when each mailbox is polled next, by name of the schedule."""
    db.session.rollback()
    wanted = select(Schedule.name, Schedule.next_at).where(Schedule.job == "mailboxes.poll")
    return {row.name: row.next_at for row in db.session.execute(wanted)}


def armed(redis: Redis) -> dict[str, float]:
    """Return what stands in Redis for mailboxes."""
    entries = timetable.armed_schedules(redis).items()
    return {entry: at for entry, at in entries if entry.startswith("schedule-mailbox-")}
