"""Old notifications go by the rule that their own domain has for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, select

from edupulse.clock import now
from edupulse.database import db
from edupulse.notifications import cleanup
from edupulse.notifications.models import Notification
from edupulse.transaction import look_anew
from edupulse.upkeep.amount import Amount


class OldNotifications:
    """What people were told long ago; see Old."""

    def count(self, until: datetime) -> Amount:
        look_anew()
        old = select(func.count(Notification.id)).where(Notification.created_at < until)
        return Amount(db.session.scalar(old) or 0)

    def delete(self, until: datetime) -> Iterator[Amount]:
        yield Amount(cleanup.cleanup(now()))
