"""Is every message of the server in the ledger? Once a night, and by hand; what is missing is fetched at once."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

from sqlalchemy import select

from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.logs import get_logger
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import connect
from edupulse.mailboxes.models import Arrival, Cursor, Mailbox
from edupulse.mailboxes.polling import locks
from edupulse.mailboxes.polling.cursors import cursor_of
from edupulse.mailboxes.polling.intake import Intake
from edupulse.mailboxes.polling.poll import loaded
from edupulse.mailboxes.signin.connecting import account_of
from edupulse.transaction import transaction

log = get_logger(__name__)


def audit(mailbox_id: int | None = None) -> dict[str, int]:
    """Compare one mailbox, or each, with the ledger; return how many messages were counted, missing and fetched.

    A mailbox that cannot be read now is passed over: its polls tell what is wrong with it.
    """
    ids = [mailbox_id] if mailbox_id is not None else _all()
    sums: Counter[str] = Counter()
    for id in ids:
        try:
            sums.update(_audited(id))
        except (ImapFailure, Unavailable, locks.Busy, locks.Lost) as error:
            log.warning("mailbox not audited", mailbox_id=id, reason=str(error) or type(error).__name__)
            sums["passed_over"] += 1
    return dict(sums)


def _all() -> list[int]:
    return list(db.session.scalars(select(Mailbox.id).where(Mailbox.enabled, Mailbox.removed_at.is_(None))))


def _audited(mailbox_id: int) -> dict[str, int]:
    mailbox = loaded(mailbox_id)
    if mailbox is None or mailbox.removed_at is not None or not mailbox.enabled:
        return {}
    hold = locks.take(mailbox, now())
    try:
        return _compared(mailbox, hold)
    finally:
        locks.release(hold)


def _compared(mailbox: Mailbox, hold: locks.Hold) -> dict[str, int]:
    with closing(connect(account_of(mailbox))) as session:
        intake = Intake(mailbox, hold, session)
        look = session.look(mailbox.folder)
        with transaction() as written:
            cursor = cursor_of(written, mailbox, look.folder.uidvalidity, now())
        on_server = [uid for uid in look.uids if uid <= cursor.last_uid]
        missing = sorted(set(on_server) - _known(cursor))
        if missing:
            log.error("messages were missing", mailbox_id=mailbox.id, uids=missing[:100], count=len(missing))
            intake.fetch(cursor, missing)
    found = {"server": len(on_server), "missing": len(missing), "fetched": intake.new + intake.known}
    with transaction() as written:
        locks.confirm(written, hold, now(), audited_at=now(), audit=found)
    return found


def _known(cursor: Cursor) -> set[int]:
    known = set(db.session.scalars(select(Arrival.uid).where(Arrival.cursor_id == cursor.id)))
    db.session.rollback()
    return known
