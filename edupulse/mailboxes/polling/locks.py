"""Who reads a mailbox: one poll at a time, and whoever was overtaken can write nothing any more."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, func, or_, select, update
from sqlalchemy.orm import Session

from edupulse.mail.holder import holder, is_here
from edupulse.mailboxes.imap.providers import provider_of
from edupulse.mailboxes.models import Mailbox
from edupulse.transaction import rows_changed, transaction

LOCK = timedelta(seconds=60)  # without a sign of life another poll may begin
RENEW_AFTER = timedelta(seconds=15)  # so that a long download keeps its mailbox


class Lost(Exception):
    """Somebody else reads the mailbox by now, or it was changed or removed: nothing more may be written."""


class Busy(Exception):
    """The mailbox is being read, or its server has as many connections of ours as it takes."""


@dataclass(frozen=True)
class Hold:
    """The right to write what one poll finds."""

    mailbox_id: int
    fence: int
    revision: int


def take(mailbox: Mailbox, moment: datetime) -> Hold:
    """Take the mailbox for one poll; raises Busy, whose words say why."""
    with transaction(durable=False) as session:
        if others := _others_at(session, mailbox, moment):
            raise Busy(others)
        ours = update(_M).where(_M.c.id == mailbox.id, _is_free(session, mailbox.id, moment))
        taken = session.execute(
            ours.values(
                fence=_M.c.fence + 1, locked_by=holder(), locked_until=moment + LOCK, polled_at=moment
            ).returning(_M.c.fence, _M.c.revision)
        ).one_or_none()
        if taken is None:
            raise Busy("It is being read already.")
        return Hold(mailbox.id, taken.fence, taken.revision)


def confirm(session: Session, hold: Hold, moment: datetime, **values: Any) -> None:
    """Write `values` into the mailbox's row as its reader, and stay its reader; raises Lost."""
    mine = (_M.c.id == hold.mailbox_id, _M.c.fence == hold.fence, _M.c.revision == hold.revision)
    stands = (_M.c.enabled, _M.c.removed_at.is_(None))
    if not rows_changed(
        session, update(_M).where(*mine, *stands).values({"locked_until": moment + LOCK, **values})
    ):
        raise Lost


def release(hold: Hold) -> None:
    """Let the next poll in."""
    mine = (_M.c.id == hold.mailbox_id, _M.c.fence == hold.fence)
    with transaction(durable=False) as session:
        session.execute(update(_M).where(*mine).values(locked_by=None, locked_until=None))


_M = cast(Table, Mailbox.__table__)


def _is_free(session: Session, mailbox_id: int, moment: datetime) -> ColumnElement[bool]:
    free = or_(
        _M.c.locked_until.is_(None),
        _M.c.locked_until < moment,
        _M.c.locked_until
        > moment + 2 * LOCK,  # the clock was set back since; `moment` itself may have waited
    )
    before = session.execute(select(_M.c.locked_by, _M.c.fence).where(_M.c.id == mailbox_id)).one_or_none()
    if before and before.locked_by and _is_gone(before.locked_by):
        return or_(free, _M.c.fence == before.fence)
    return free


def _others_at(session: Session, mailbox: Mailbox, moment: datetime) -> str:
    others = select(func.count()).where(
        _M.c.host == mailbox.host,
        _M.c.id != mailbox.id,
        _M.c.locked_until.between(moment, moment + LOCK),
    )
    most = provider_of(mailbox.host).connections_per_host
    if (session.scalar(others) or 0) < most:
        return ""
    return f"{mailbox.host} has {most} connections of ours already."


def _is_gone(name: str) -> bool:
    """Say whether the process that took it ran on this machine and is there no more."""
    pid = name.rpartition("-")[2].rpartition(":")[2]
    if not is_here(name) or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
