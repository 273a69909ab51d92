"""What a measuring eye asks each few seconds about mailboxes: from their rows alone, their messages uncounted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from edupulse.database import db
from edupulse.mailboxes.health import health_of
from edupulse.mailboxes.models import Mailbox

HEALTHS = ("ok", "new", "retrying", "late", "stopped", "disabled")


def mailboxes_by_health(now: datetime) -> dict[str, int]:
    """Return how many mailboxes do how."""
    rows = db.session.scalars(select(Mailbox).where(Mailbox.removed_at.is_(None)))
    counted = Counter(health_of(mailbox, now).state for mailbox in rows)
    return {health: counted[health] for health in HEALTHS}
