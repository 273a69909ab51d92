"""Folders: how one is opened, and what the server tells of it."""

from __future__ import annotations

from typing import NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.names import encoded
from edupulse.mailboxes.imap.responses import Value
from edupulse.mailboxes.imap.talk import Answer

OPENING = ("EXISTS", "OK")


class Folder(NamedTuple):
    """A folder; `uidnext` is 0 where the server does not say."""

    name: str
    uidvalidity: int
    uidnext: int
    exists: int


def examining(folder: str) -> bytes:
    """Return the command that opens a folder for reading alone: nothing that is read there becomes seen."""
    return b"EXAMINE " + encoded(folder)


def opened(name: str, answer: Answer) -> Folder:
    """Read the answer to EXAMINE or SELECT. Raises LineFault where UIDs would mean nothing."""
    exists = [each.number for each in answer.told if each.name == "EXISTS"]
    codes = [each.done for each in answer.told if each.name == "OK"]
    figures = {each.code: each.arguments for each in codes}
    return _folder(
        name,
        _digits(figures.get("UIDVALIDITY")),
        _digits(figures.get("UIDNEXT")),
        exists[-1] if exists else 0,
    )


def _folder(name: str, uidvalidity: int, uidnext: int, exists: int) -> Folder:
    if not uidvalidity:
        raise LineFault("garbled", "no UIDVALIDITY, so its UIDs mean nothing")
    return Folder(name, uidvalidity, uidnext, exists)


def _digits(value: Value) -> int:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
