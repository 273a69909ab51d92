"""One mailbox's row: found, or held against other changes while something is decided about it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from edupulse.database import db
from edupulse.errors import NotFound
from edupulse.mailboxes.models import Mailbox

LONGEST_NUMBER = 9  # digits: a longer one does not fit the column


def subject_of(mailbox_id: int) -> str:
    """Return how the audit log names a mailbox."""
    return f"mailbox:{mailbox_id}"


def existing(mailbox_id: int) -> Mailbox:
    """Return the mailbox as it is now; raises NotFound, also for one that was removed."""
    return _standing(db.session.get(Mailbox, mailbox_id, populate_existing=True), mailbox_id)


def by_name(name_or_id: str) -> Mailbox:
    """Return the mailbox with this name, in any case, or else with this number; raises NotFound."""
    wanted = name_or_id.strip()
    same = func.lower(Mailbox.name) == wanted.lower()
    found = db.session.scalar(select(Mailbox).where(same, Mailbox.removed_at.is_(None)))
    if found is not None:
        return found
    if wanted.isascii() and wanted.isdecimal() and len(wanted) <= LONGEST_NUMBER:
        return existing(int(wanted))
    raise _no_such(wanted)


def locked(session: Session, mailbox_id: int) -> Mailbox:
    """Return the mailbox, held until the running transaction ends; raises NotFound, also for a removed one."""
    # No stronger than an update needs, so that messages may refer to the row meanwhile.
    held = {"key_share": True}
    found = session.get(Mailbox, mailbox_id, with_for_update=held, populate_existing=True)
    return _standing(found, mailbox_id)


def _standing(found: Mailbox | None, mailbox_id: int) -> Mailbox:
    if found is None or found.removed_at is not None:
        raise _no_such(mailbox_id)
    return found


def _no_such(which: int | str) -> NotFound:
    return NotFound(
        f"There is no mailbox {str(which)[:100]!r}.",
        cure="It may have been removed; `python cli.py mailboxes list` shows which there are.",
        mailbox=which,
    )
