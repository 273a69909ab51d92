"""What a measuring eye asks each few seconds about mail: only counts that small indexes can give at once."""

from __future__ import annotations

from sqlalchemy import func, select

from edupulse.database import db
from edupulse.mail.models import OPEN_ROWS, UNKNOWN_ROWS, Attempt, Delivery


def open_mails() -> dict[str, int]:
    """Return how many mails are on their way or wait for a person's word, by state."""
    counted = select(Delivery.state, func.count()).where(OPEN_ROWS).group_by(Delivery.state)
    found = {row[0]: row[1] for row in db.session.execute(counted)}
    unknown = db.session.scalar(select(func.count()).select_from(Delivery).where(UNKNOWN_ROWS)) or 0
    return {"queued": 0, "sending": 0, "deferred": 0, **found, "unknown": unknown}


def mails_ever() -> tuple[int, int]:
    """Return how many mails were accepted and how many tries were made since the database exists.

    By their last numbers: to count millions of rows takes seconds.
    """
    last = db.session.execute(
        select(
            select(func.max(Delivery.id)).scalar_subquery(), select(func.max(Attempt.id)).scalar_subquery()
        )
    ).one()
    return last[0] or 0, last[1] or 0
