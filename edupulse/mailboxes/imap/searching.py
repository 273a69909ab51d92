"""SEARCH: asking for the UIDs behind one, and reading what a server makes of that (RFC 3501 6.4.4, 7.2.5)."""

from __future__ import annotations

from collections.abc import Iterator

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.talk import Answer

SEARCH = ("SEARCH",)


def behind(uid: int) -> bytes:
    """Return the command that asks for all UIDs behind `uid`."""
    return b"UID SEARCH UID %d:*" % (uid + 1)


def uids_of(answer: Answer, *, after: int = 0) -> list[int]:
    """Return the UIDs found behind `after`, ascending and each once. Raises LineFault.

    "n:*" names the last message even where n is behind it (RFC 3501 9, seq-range), and some servers take no
    notice of what is searched for: both are put right here.
    """
    found = {uid for told in answer.told if told.name == "SEARCH" for uid in _numbers(told.pieces[0])}
    return sorted(uid for uid in found if uid > after)


def _numbers(text: bytes) -> Iterator[int]:
    if text.translate(None, b"0123456789 "):
        raise LineFault("garbled", "an answer to SEARCH that is not numbers alone")
    return map(int, text.split())
