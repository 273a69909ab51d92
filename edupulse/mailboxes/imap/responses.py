"""From the wire to what a server said: lines with their literals, and the values in them (RFC 3501 7 and 9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.wire import Wire

MAX_LITERALS = 64 * 1024 * 1024  # bytes in all of one response; what is larger is streamed or refused
MAX_DEPTH = 20  # of lists within lists; a server's own have three or four

Value = str | bytes | None | list["Value"]  # an atom, a string, NIL, a list
Sink = Callable[[bytes], object]

_LITERAL = re.compile(rb"\{(\d{1,19})\+?\}$")
_UNTAGGED = re.compile(rb"\* (?:(\d{1,10}) )?([A-Za-z][A-Za-z0-9.=-]*) ?(.*)", re.DOTALL)
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)(?: +(.*))?", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(rb"\[([A-Za-z0-9.-]+)(?: ([^\]]*))?\] *(.*)", re.DOTALL)
_TOKEN = re.compile(
    rb' *(?:(\()|(\))|"([^"\\\r\n]*(?:\\.[^"\\\r\n]*)*)"|((?:[^ ()"{\[]|\[[^\]]*\])+)|$)', re.DOTALL
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


class Done(NamedTuple):
    """How a command ended, or what a greeting says: its status, the code in brackets, the text behind."""

    status: str
    code: str
    arguments: bytes
    text: bytes


class Untagged(NamedTuple):
    """Something the server tells: `number` before its `name`, then the text with literals in between."""

    number: int
    name: str
    pieces: list[bytes]

    @property
    def done(self) -> Done:
        """Read it as OK, NO, BAD, BYE or PREAUTH."""
        return done_of(self.name.encode() + b" " + self.pieces[0])

    def values(self) -> list[Value]:
        """Take it apart. Raises LineFault."""
        return values_of(self.pieces)


def read_response(wire: Wire, sink: Sink | None = None) -> list[bytes]:
    """Read one response: text, literal, text, literal, ..., text. Raises LineFault.

    With a `sink` the literal of a BODY[] is handed to it piece by piece, and stands in the response as empty.
    """
    pieces, room = [wire.line()], MAX_LITERALS
    while found := _LITERAL.search(pieces[-1]):
        size = int(found[1])
        pieces[-1] = pieces[-1][: found.start()]
        if sink and pieces[-1].upper().endswith(b"BODY[] "):
            wire.pour(size, sink)
            pieces += [b"", wire.line()]
            continue
        room -= size
        if room < 0:
            raise LineFault("garbled", f"{size} bytes announced at once")
        pieces += [wire.take(size), wire.line()]
    return pieces


def untagged_of(pieces: list[bytes]) -> Untagged:
    """Read a response that begins with a star. Raises LineFault."""
    found = _UNTAGGED.fullmatch(pieces[0])
    if not found:
        raise LineFault("garbled", _shown(pieces[0]))
    return Untagged(int(found[1] or 0), found[2].decode().upper(), [found[3], *pieces[1:]])


def done_of(text: bytes) -> Done:
    """Read what stands behind a tag. Raises LineFault."""
    found = _STATUS.fullmatch(text)
    if not found:
        raise LineFault("garbled", _shown(text))
    status, rest = found[1].decode().upper(), found[2] or b""
    if code := _CODE.fullmatch(rest):
        return Done(status, code[1].decode().upper(), code[2] or b"", code[3])
    return Done(status, "", b"", rest)


def values_of(pieces: list[bytes]) -> list[Value]:
    """Take text and literals apart. Raises LineFault for what is no IMAP, down to the last byte."""
    top: list[Value] = []
    open_lists = [top]
    for place, piece in enumerate(pieces):
        if place % 2:
            open_lists[-1].append(piece)
            continue
        for bracket, value in _tokens(piece):
            if bracket == "(":
                inner: list[Value] = []
                open_lists[-1].append(inner)
                open_lists.append(inner)
            elif bracket == ")":
                open_lists.pop()
            else:
                open_lists[-1].append(value)
            if not 0 < len(open_lists) <= MAX_DEPTH:
                raise LineFault("garbled", _shown(piece))
    if len(open_lists) != 1:
        raise LineFault("garbled", _shown(pieces[-1]))
    return top


def _tokens(text: bytes) -> Iterator[tuple[str, Value]]:
    place, end = 0, len(text)
    while place < end:
        found = _TOKEN.match(text, place)
        if not found:
            raise LineFault("garbled", _shown(text[place:]))
        place = found.end()
        opened, closed, quoted, atom = found.groups()
        if opened:
            yield "(", None
        elif closed:
            yield ")", None
        elif quoted is not None:
            yield "", _ESCAPED.sub(rb"\1", quoted)
        elif atom:
            word = atom.decode("latin-1")
            yield "", None if word.upper() == "NIL" else word


def _shown(raw: bytes) -> str:
    return raw[:80].decode("latin-1")
