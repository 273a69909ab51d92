"""How far a folder was read: by host, user, folder and UIDVALIDITY, never by flags, dates or places in a list."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.accounts.audit import record
from edupulse.database import db
from edupulse.mailboxes.models import Cursor, Mailbox


def place_of(mailbox: Mailbox) -> str:
    """Return what tells one folder of one account from all others."""
    words = (mailbox.host.lower(), mailbox.username, mailbox.folder)
    return sha256("\0".join(words).encode()).hexdigest()


class Position(NamedTuple):
    """Where the last poll of a folder ended; at the very beginning `uidvalidity` is None."""

    uidvalidity: int | None
    last_uid: int


def last_cursor(mailbox: Mailbox) -> Position:
    """Return where the mailbox's folder was read to under the UIDVALIDITY that it had last."""
    here = (Cursor.mailbox_id == mailbox.id, Cursor.place == place_of(mailbox))
    wanted = select(Cursor.uidvalidity, Cursor.last_uid).where(*here).order_by(Cursor.used_at.desc()).limit(1)
    row = db.session.execute(wanted).first()
    db.session.rollback()
    return Position(row.uidvalidity, row.last_uid) if row else Position(None, 0)


def cursor_of(session: Session, mailbox: Mailbox, uidvalidity: int, moment: datetime) -> Cursor:
    """Return the cursor of the mailbox's folder under `uidvalidity`; a new one begins before the first message.

    A new UIDVALIDITY of a known folder is written into the audit log: everything in it is read anew, and what is
    known is recognised by its bytes (RFC 3501 2.3.1.1).
    """
    place = place_of(mailbox)
    here = (Cursor.mailbox_id == mailbox.id, Cursor.place == place)
    cursor = session.scalar(select(Cursor).where(*here, Cursor.uidvalidity == uidvalidity))
    if cursor is None:
        if session.scalar(select(func.count()).select_from(Cursor).where(*here)):
            record("system", "mailbox.uidvalidity", f"mailbox:{mailbox.id}", uidvalidity=uidvalidity)
        cursor = Cursor(
            mailbox_id=mailbox.id, place=place, uidvalidity=uidvalidity, last_uid=0, created_at=moment
        )
        session.add(cursor)
    cursor.used_at = moment
    session.flush()
    session.expunge(cursor)
    return cursor
