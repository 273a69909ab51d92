"""Schedules are made to match the mailboxes: with each sync of the clock, by hand, and after each change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime

from edupulse.accounts.audit import record
from edupulse.clock import now
from edupulse.control.dispatch import OUTAGES
from edupulse.control.schedule import SyncResult, sync_by_name
from edupulse.logs import get_logger
from edupulse.mailboxes.schedules import is_of_mailboxes
from edupulse.transaction import after_commit

log = get_logger(__name__)


def sync(moment: datetime) -> SyncResult:
    """Make schedules match mailboxes, and Redis the schedules; return the numbers of mailboxes alone.

    `total` is how many mailboxes are polled. Done again it changes nothing. Raises Unavailable when Redis is away;
    the rows are right by then.
    """
    return sync_by_name(moment).counted(is_of_mailboxes)


def sync_now(*, actor: str) -> SyncResult:
    """Do the same because a person or a program asks for it, and write down what it changed."""
    stats = sync(now())
    record(actor, "mailboxes.sync", "mailboxes", **asdict(stats))
    return stats


def sync_later() -> None:
    """Sync once the running transaction has committed; if that fails, the clock's next sync does it."""
    after_commit(_sync, None)


def _sync(_: Iterable[None]) -> None:
    try:
        sync(now())
    except OUTAGES as error:  # the change itself is stored, and must not look as if it were not
        log.warning("mailboxes not synced yet", reason=type(error).__name__)
