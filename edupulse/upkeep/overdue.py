"""Backups that fail to come are told, before somebody needs one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from edupulse.accounts.models import User
from edupulse.database import db
from edupulse.notifications.notify import tell_role
from edupulse.upkeep.models import Backup

OLD_AFTER = timedelta(days=2)  # of daily ones, two in a row have failed


def watch(now: datetime) -> int:
    """Tell the administrators once a week while the newest verified backup is too old; return how many were told."""
    newest = db.session.scalar(select(func.max(Backup.started_at)).where(Backup.state == "verified"))
    # Before the first one, the age of the installation counts: that of its first user.
    begun = newest or db.session.scalar(select(func.min(User.created_at)))
    if begun is None or now - begun < OLD_AFTER:
        return 0
    year, week, _ = now.isocalendar()
    facts = {"days": (now - newest).days if newest else None}
    return tell_role("admin", "backup_old", f"backup_old:{begun}:{year}-{week}", facts, link="/backups")
