"""What the server is told about messages that are safely ours: seen, or moved; last of all, and as often as needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, select, update

from edupulse.clock import now
from edupulse.database import db
from edupulse.logs import get_logger
from edupulse.mailboxes.imap.session import Session
from edupulse.mailboxes.models import Arrival, Cursor, Mailbox
from edupulse.mailboxes.polling.locks import Hold, confirm
from edupulse.transaction import transaction

AT_ONCE = 500  # UIDs in one command

log = get_logger(__name__)


def tell(mailbox: Mailbox, cursor: Cursor, session: Session, hold: Hold) -> int:
    """Do the mailbox's after-action for all messages that still wait for it; return how many.

    A crash in between repeats it, which changes nothing. Raises ImapFailure: then the messages wait for the next poll.
    """
    if mailbox.after_action == "none":
        return 0
    uids = _waiting(cursor.id)
    if not uids or session.select(mailbox.folder).uidvalidity != cursor.uidvalidity:
        return 0
    for start in range(0, len(uids), AT_ONCE):
        some = uids[start : start + AT_ONCE]
        if mailbox.after_action == "move":
            session.move(some, mailbox.move_to)
        else:
            session.mark_seen(some)
        _told(cursor.id, some, hold)
    return len(uids)


_A = cast(Table, Arrival.__table__)


def _waiting(cursor_id: int) -> list[int]:
    waiting = select(_A.c.uid).where(_A.c.cursor_id == cursor_id, _A.c.tell_server).order_by(_A.c.uid)
    uids = list(db.session.scalars(waiting))
    db.session.rollback()  # no transaction is open while the server is asked
    return uids


def _told(cursor_id: int, uids: Sequence[int], hold: Hold) -> None:
    with transaction(durable=False) as session:
        confirm(session, hold, now())
        told = update(_A).where(_A.c.cursor_id == cursor_id, _A.c.uid.in_(uids))
        session.execute(told.values(tell_server=False))
