"""Jobs of what people are told."""

from __future__ import annotations

from edupulse.clock import now
from edupulse.notifications import cleanup, mail
from edupulse.notifications import watch as watching
from jobs.recorded import recorded


@recorded
def watch() -> dict[str, int]:
    """Tell people of what has gone wrong since, and of mails that wait to be written."""
    return watching.watch(now())


@recorded
def send_notification_email(notification_id: int) -> dict[str, int]:
    """Write the mail of one notification, unless it was read meanwhile."""
    return mail.send_notification_email(notification_id)


@recorded
def cleanup_old_notifications() -> dict[str, int]:
    """Delete what has been kept for NOTIFICATION_KEEP_DAYS."""
    return {"deleted": cleanup.cleanup(now())}
