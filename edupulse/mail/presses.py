"""The presses of mailings that are under way, made from the database once and kept in this process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from edupulse.config import current_settings
from edupulse.database import db
from edupulse.errors import Invalid, NotFound
from edupulse.mail.addresses import parse_named
from edupulse.mail.compose import Attachment
from edupulse.mail.letters import LetterHead, LetterText
from edupulse.mail.mailing import Enclosure, Letter, Mailing
from edupulse.mail.press import Press

CHECK_SECONDS = 1.0  # between two looks at a letter's row
KEPT = 16  # letters in one process: a few mailings in a few languages leave at once


def press_of(mailing_id: int, letter_id: int) -> Press:
    """Return what prints a letter of an open mailing, kept from mail to mail: such a letter never changes.

    It is looked up again now and then all the same, since a database may give the number of what is gone to
    something new. Raises NotFound, MergeError, Invalid.
    """
    kept = _kept.get((mailing_id, letter_id))
    if kept and time.monotonic() - kept.checked_at < CHECK_SECONDS:
        return kept.press
    with _making:
        return _looked_up(mailing_id, letter_id).press


def forget(mailing_id: int | None = None) -> None:
    """Drop what is kept of a mailing, or of all: its rows have changed or are gone."""
    with _making:
        for key in list(_kept):
            if mailing_id in (None, key[0]):
                del _kept[key]


def head_of(mailing: Mailing, *, is_test: bool = False) -> LetterHead:
    """Return who writes a mailing: the account's address, under the mailing's own name if it has one."""
    account_name, address = parse_named(current_settings().default_from_email, field="DEFAULT_FROM_EMAIL")
    name = mailing.from_name or account_name
    if "<" in name or ">" in name:
        raise Invalid("The sender's name has an angle bracket.", cure="Remove it.", field="from_name")
    return LetterHead(
        sender_address=f"{name} <{address.mailbox}>" if name else address.mailbox,
        reply_to=mailing.reply_to,
        purpose=mailing.purpose,
        mailing_id=mailing.id,
        title=mailing.title,
        is_test=is_test,
    )


@dataclass
class _Kept:
    press: Press
    made_from: tuple[object, ...]
    checked_at: float  # on the monotonic clock


_kept: dict[tuple[int, int], _Kept] = {}
_making = Lock()


def _looked_up(mailing_id: int, letter_id: int) -> _Kept:
    # A session of its own: the caller may be in the middle of something, and keeps nothing open for this.
    with Session(db.engine) as session:
        letter, mailing = session.get(Letter, letter_id), session.get(Mailing, mailing_id)
        if letter is None or mailing is None or letter.mailing_id != mailing_id:
            raise NotFound(f"Mailing {mailing_id} has no letter {letter_id}.", mailing_id=mailing_id)
        text = LetterText(letter.subject, letter.text, letter.html, letter.locale)
        made_from = (text, head_of(mailing), mailing.created_at, current_settings())
        kept = _kept.get((mailing_id, letter_id))
        if kept is None or kept.made_from != made_from:
            kept = _Kept(Press(text, head_of(mailing), _enclosures(session, mailing_id)), made_from, 0.0)
            _keep((mailing_id, letter_id), kept)
        kept.checked_at = time.monotonic()
        return kept


def _enclosures(session: Session, mailing_id: int) -> list[Attachment]:
    files = select(Enclosure).where(Enclosure.mailing_id == mailing_id).order_by(Enclosure.id)
    found = session.scalars(files.options(undefer(Enclosure.data)))
    return [Attachment(each.filename, each.content_type, each.data) for each in found]


def _keep(key: tuple[int, int], kept: _Kept) -> None:
    _kept.pop(key, None)
    while len(_kept) >= KEPT:
        del _kept[next(iter(_kept))]
    _kept[key] = kept
