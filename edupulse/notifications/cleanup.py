"""What people were told long ago goes, read or not; the mails of it stay in their ledger."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from edupulse.config import current_settings
from edupulse.control import progress
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.notifications.models import Notification
from edupulse.transaction import rows_changed, transaction

AT_ONCE = 1000  # rows in one transaction: others wait some milliseconds for it

log = get_logger(__name__)


def kept_since(now: datetime) -> datetime:
    """Return the instant before which nothing is kept."""
    return now - timedelta(days=current_settings().notification_keep_days)


def cleanup(now: datetime) -> int:
    """Delete what is older than NOTIFICATION_KEEP_DAYS; return how many."""
    until = kept_since(now)
    total = db.session.scalar(select(func.count(Notification.id)).where(Notification.created_at < until)) or 0
    gone = 0
    while found := _delete_some(until):
        gone += found
        progress.report(gone, max(total, gone))
    log.info("notifications deleted", count=gone)
    return gone


def _delete_some(until: datetime) -> int:
    oldest = select(Notification.id).where(Notification.created_at < until).limit(AT_ONCE)
    with transaction() as session:
        gone = delete(Notification).where(Notification.id.in_(oldest))
        return rows_changed(session, gone.execution_options(synchronize_session=False))
