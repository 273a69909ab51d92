"""A header's value becomes text: encoded words of RFC 2047, also where mail programs write them wrongly."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edupulse.mailboxes.parse import charsets, clean, transfer
from edupulse.mailboxes.parse.findings import Findings

# Spaces inside the text are forbidden and common; so is a word that touches its neighbour.
WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2})")
_FOLD = re.compile(r"\r*\n[ \t]*")


def unfolded(value: bytes, findings: Findings) -> str:
    """Return a raw value as one line of text, encoded words still in it."""
    text = (
        value.decode("ascii") if value.isascii() and b"\x1b" not in value else charsets.raw(value, findings)
    )
    return clean.text(_FOLD.sub(" ", text) if "\n" in text else text).strip()


def decoded(text: str, findings: Findings) -> str:
    """Return text with its encoded words read."""
    if "=?" not in text:
        return text
    pieces: list[str] = []
    for charset, data, plain in _runs(text):
        pieces.append(charsets.decoded(data, charset, findings) if charset else plain)
    return clean.text("".join(pieces))


def _runs(text: str) -> Iterator[tuple[str, bytes, str]]:
    """Yield (charset, bytes, "") and ("", b"", text): neighbours of one charset in one piece.

    A character of several bytes may be cut between two words (forbidden, and what many programs do).
    """
    waiting: list[bytes] = []
    charset, position = "", 0
    for found in WORD.finditer(text):
        between, is_first = text[position : found.start()], position == 0
        is_apart = bool(between.strip())
        if waiting and (is_apart or found[1].lower() != charset):
            yield charset, b"".join(waiting), ""
            waiting = []
        if is_apart or is_first:
            yield "", b"", between
        charset, position = found[1].lower(), found.end()
        waiting.append(_bytes_of(found))
    yield charset, b"".join(waiting), ""
    yield "", b"", text[position:]


def _bytes_of(found: re.Match[str]) -> bytes:
    data = found[3].encode("utf-8", "replace")
    if found[2] in "qQ":
        return _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), data.replace(b"_", b" "))
    return transfer.base64(data)
