"""One poll of one mailbox: locked, read behind its cursor, and its outcome written down whatever it was.

scheduler -> job mailboxes.poll -> lock and fence -> EXAMINE and SEARCH by cursor -> sizes -> FETCH in batches
-> storage -> one commit: messages, UIDs, cursor, jobs -> the server is told (seen, moved) -> outcome, lock released
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta

from sqlalchemy.orm import undefer

from edupulse.clock import now
from edupulse.control.enqueue import enqueue
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import connect
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.polling import locks, slots
from edupulse.mailboxes.polling.cursors import last_cursor
from edupulse.mailboxes.polling.intake import Intake
from edupulse.mailboxes.polling.outcomes import failed, succeeded
from edupulse.mailboxes.signin.connecting import account_of

POLL = "mailboxes.poll"
LATER = timedelta(seconds=2)  # until a poll for which this process has no room is tried again

log = get_logger(__name__)


def poll(mailbox_id: int, *, by: str = "clock") -> dict[str, int | str]:
    """Fetch what is new; return the outcome and how many messages were new, known already, and left for later.

    By the "clock" a mailbox that waits after a failure is left alone; by "hand" it is polled all the same. What
    fails is written into the mailbox's row and does not fail the job: its own schedule tries again.
    """
    mailbox = loaded(mailbox_id)
    if mailbox is None or mailbox.removed_at is not None or not mailbox.enabled:
        return _skipped("disabled")
    if by == "clock" and _is_to_wait(mailbox, now()):
        return _skipped("waiting")
    with slots.one() as is_free:
        if not is_free:
            enqueue(
                POLL,
                unique_key=f"mailbox:{mailbox_id}:later",
                not_before=now() + LATER,
                mailbox_id=mailbox_id,
                by=by,
            )
            return _skipped("full")
        return _alone(mailbox)


def loaded(mailbox_id: int) -> Mailbox | None:
    """Return a copy of the row that asks the database nothing more: no transaction is open on the network."""
    mailbox = db.session.get(Mailbox, mailbox_id, populate_existing=True, options=[undefer("*")])
    if mailbox is not None:
        db.session.expunge(mailbox)
    db.session.rollback()
    return mailbox


def _alone(mailbox: Mailbox) -> dict[str, int | str]:
    try:
        hold = locks.take(mailbox, now())
    except locks.Busy as busy:
        return {**_skipped("locked"), "why": str(busy)}
    try:
        return _polled(mailbox, hold)
    except locks.Lost:
        log.warning("mailbox was changed or taken over during a poll", mailbox_id=mailbox.id)
        return _skipped("overtaken")
    finally:
        locks.release(hold)


def _polled(mailbox: Mailbox, hold: locks.Hold) -> dict[str, int | str]:
    try:
        intake = _read(mailbox, hold)
    except ImapFailure as failure:
        failed(mailbox, hold, failure.kind, failure)
        return {"outcome": "failed", "why": failure.message}
    except Unavailable as failure:
        failed(mailbox, hold, "storage", failure)
        return {"outcome": "failed", "why": failure.message}
    except locks.Lost:
        raise
    except Exception as error:
        failed(mailbox, hold, "protocol", error)
        raise
    succeeded(mailbox, hold, intake)
    if intake.left:
        enqueue(POLL, unique_key=f"mailbox:{mailbox.id}:rest", mailbox_id=mailbox.id)
    return {"outcome": "done", "new": intake.new, "known": intake.known, "left": intake.left}


def _read(mailbox: Mailbox, hold: locks.Hold) -> Intake:
    account, known = account_of(mailbox), last_cursor(mailbox)
    with closing(connect(account)) as session:
        intake = Intake(mailbox, hold, session)
        intake.take_in(session.look(mailbox.folder, uidvalidity=known.uidvalidity, after=known.last_uid))
    return intake


def _is_to_wait(mailbox: Mailbox, moment: datetime) -> bool:
    if mailbox.stopped_at is not None:
        return True
    return mailbox.retry_at is not None and mailbox.retry_at > moment


def _skipped(why: str) -> dict[str, int | str]:
    return {"outcome": f"skipped_{why}", "new": 0, "known": 0, "left": 0}
