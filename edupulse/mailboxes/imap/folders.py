"""Folders: what the server tells of one when it is opened or asked about, and which there are."""

from __future__ import annotations

from typing import NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.names import decoded, encoded
from edupulse.mailboxes.imap.responses import Value
from edupulse.mailboxes.imap.talk import Answer

OPENING = ("EXISTS", "OK")
FIGURES = b"(MESSAGES UIDNEXT UIDVALIDITY)"


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


def asked_about(name: str, answer: Answer) -> Folder:
    """Read the answer to STATUS. Raises LineFault."""
    for told in answer.told:
        match told.values():
            case [_, list(items)]:
                known = {str(each).upper(): items[place + 1] for place, each in enumerate(items[:-1])}
                figures = (known.get(each) for each in ("UIDVALIDITY", "UIDNEXT", "MESSAGES"))
                return _folder(name, *(_digits(each) for each in figures))
    raise LineFault("garbled", "no STATUS in the answer to it")


def listed(answer: Answer) -> list[str]:
    """Read the answer to LIST: the names of the folders that can be opened. Raises LineFault."""
    names = []
    for told in answer.told:
        match told.values():
            case [list(flags), _, name] if not _is_closed(flags):
                names.append(decoded(name if isinstance(name, bytes) else str(name).encode("latin-1")))
    return sorted(names, key=lambda each: (each.upper() != "INBOX", each))


def _folder(name: str, uidvalidity: int, uidnext: int, exists: int) -> Folder:
    if not uidvalidity:
        raise LineFault("garbled", "no UIDVALIDITY, so its UIDs mean nothing")
    return Folder(name, uidvalidity, uidnext, exists)


def _is_closed(flags: list[Value]) -> bool:
    return any(str(each).lower() in ("\\noselect", "\\nonexistent") for each in flags)


def _digits(value: Value) -> int:
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else 0
