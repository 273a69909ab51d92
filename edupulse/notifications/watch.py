"""Each minute: what has gone wrong since is told, once for one trouble, and no mail of it is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from edupulse.config import current_settings
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail.monitor import paused_senders
from edupulse.mailboxes.models import Mailbox
from edupulse.notifications.models import Notification
from edupulse.notifications.notify import ask_for_mail, tell_role
from edupulse.transaction import transaction

Watch = Callable[[datetime], int]

SINCE = timedelta(
    hours=1
)  # failures that ended longer ago are history; a watch that was away looks back so far
LONGEST_LIFE = timedelta(days=2)  # from acceptance to failure; the index of failed runs is by acceptance
LOST_AFTER = timedelta(minutes=10)  # a mail that waits longer has lost its job
AT_ONCE = 100

_others: dict[str, Watch] = {}


def register_watch(name: str, look: Watch) -> None:
    """Let a domain above look too, each minute; it returns how many people it has told."""
    _others[name] = look


def watch(now: datetime) -> dict[str, int]:
    """Tell people of each trouble that they do not know of yet; return how many were told, by kind."""
    found = {
        "job_failed": _failed_jobs(now),
        "mailbox_stopped": _stopped_mailboxes(),
        "sending_paused": _paused_senders(),
        **{name: look(now) for name, look in _others.items()},
        "mails": _forgotten_mails(now),
    }
    return {name: count for name, count in found.items() if count}


def _failed_jobs(now: datetime) -> int:
    """Tell of failures of one cause once a day of the organisation."""
    day = now.astimezone(ZoneInfo(current_settings().timezone)).date()
    return sum(
        tell_role(
            "operator",
            "job_failed",
            f"job_failed:{cause}:{day}",
            {"name": run.name, "error": _error_of(run), "run_id": run.id},
            link=f"/jobs/{run.id}",
        )
        for cause, run in _newest_by_cause(now).items()
    )


def _newest_by_cause(now: datetime) -> dict[str, JobRun]:
    failed = select(
        func.coalesce(JobRun.error_fingerprint, JobRun.name).label("cause"), func.max(JobRun.id).label("id")
    ).where(JobRun.state == "failed", JobRun.created_at > now - LONGEST_LIFE, JobRun.ended_at > now - SINCE)
    causes = {row.id: row.cause for row in db.session.execute(failed.group_by("cause").limit(AT_ONCE))}
    runs = db.session.scalars(select(JobRun).where(JobRun.id.in_(causes)))
    return {causes[run.id]: run for run in runs}


def _error_of(run: JobRun) -> str:
    words = f"{run.error_class or 'Error'}: {run.error_message or ''}".strip().splitlines()[0][:300]
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _stopped_mailboxes() -> int:
    stopped = select(Mailbox).where(
        Mailbox.stopped_at.is_not(None), Mailbox.enabled, Mailbox.removed_at.is_(None)
    )
    return sum(
        tell_role(
            "operator",
            "mailbox_stopped",
            f"mailbox_stopped:{mailbox.id}:{mailbox.stopped_at}",
            {"name": mailbox.name, "error": mailbox.error or ""},
            link=f"/mailboxes/{mailbox.id}",
        )
        for mailbox in db.session.scalars(stopped)
    )


def _paused_senders() -> int:
    """Tell of accounts that wait for a person; a pause that ends by itself is no news."""
    return sum(
        tell_role(
            "operator",
            "sending_paused",
            f"sending_paused:{sender.id}:{sender.paused_at}",
            {"name": sender.name, "reason": sender.pause_reason or ""},
            link="/",
        )
        for sender in paused_senders()
    )


def _forgotten_mails(now: datetime) -> int:
    """Ask again for mails whose job came to nothing; what is too old to be mailed is settled by that job too."""
    waiting = select(Notification.id).where(
        Notification.mail == "waiting", Notification.created_at < now - LOST_AFTER
    )
    found = db.session.scalars(waiting.order_by(Notification.id).limit(AT_ONCE)).all()
    with transaction():
        for notification_id in found:
            ask_for_mail(notification_id)
    return len(found)
