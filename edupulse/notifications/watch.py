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

# Failures that ended longer ago are history; a watch that was away looks back so far.
SINCE = timedelta(hours=1)
LONGEST_LIFE = timedelta(days=2)  # from acceptance to failure; the index of failed runs is by acceptance
LOST_AFTER = timedelta(minutes=10)  # a mail that waits longer has lost its job
AT_ONCE = 100  # in one round: the others follow a minute later
CAUSES = 2000  # that are looked at in one round; more in an hour is one trouble with many names

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
    known = _keys_of_failures(now)
    failures = {f"job_failed:{cause}:{day}": run for cause, run in _newest_by_cause(now)}
    untold = [key for key in failures if key not in known]
    return sum(_tell_of_failure(key, failures[key]) for key in untold[:AT_ONCE])


def _tell_of_failure(key: str, run: JobRun) -> int:
    facts = {"name": run.name, "error": _error_of(run), "run_id": run.id}
    return tell_role("operator", "job_failed", key, facts, link=f"/jobs/{run.id}")


def _newest_by_cause(now: datetime) -> list[tuple[str, JobRun]]:
    """Return what has failed lately with its newest run, the newest first."""
    cause = func.coalesce(JobRun.error_fingerprint, JobRun.name).label("cause")
    place = func.row_number().over(partition_by=cause, order_by=(JobRun.ended_at.desc(), JobRun.id.desc()))
    failed = (
        select(JobRun.id, cause, place.label("place"))
        .where(
            JobRun.state == "failed", JobRun.created_at > now - LONGEST_LIFE, JobRun.ended_at > now - SINCE
        )
        .subquery()
    )
    newest = select(failed.c.cause, JobRun).join(failed, failed.c.id == JobRun.id).where(failed.c.place == 1)
    rows = db.session.execute(newest.order_by(JobRun.ended_at.desc(), JobRun.id).limit(CAUSES))
    return [(row.cause, row.JobRun) for row in rows]


def _keys_of_failures(now: datetime) -> set[str]:
    lately = (Notification.kind == "job_failed", Notification.created_at > now - LONGEST_LIFE)
    return set(db.session.scalars(select(Notification.key).distinct().where(*lately)))


def _error_of(run: JobRun) -> str:
    return f"{run.error_class or 'Error'}: {run.error_message or ''}".strip().splitlines()[0][:300]


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
