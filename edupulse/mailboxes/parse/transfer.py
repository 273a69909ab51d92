"""A part's bytes as sent become the bytes that were meant: base64, quoted-printable, uuencode."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp, a2b_uu

from edupulse.mailboxes.parse.findings import Findings

_PLAIN = frozenset({"", "7bit", "8bit", "binary", "7-bit", "8-bit"})
_UUENCODED = frozenset({"x-uuencode", "uuencode", "uue", "x-uue"})
_STRANGE = re.compile(rb"[^A-Za-z0-9+/]+")
_PIECE = re.compile(rb"[^=]+")


def decoded(data: bytes, encoding: str, findings: Findings) -> bytes:
    """Return a part's own bytes; an encoding that nobody knows is taken for none (RFC 2045 6.4)."""
    if encoding in _PLAIN:
        return data
    if encoding == "base64":
        return base64(data)
    if encoding == "quoted-printable":
        return a2b_qp(data)
    if encoding in _UUENCODED:
        return _uuencoded(data, findings)
    findings.add("unknown transfer encoding")
    return data


def base64(data: bytes) -> bytes:
    """Return what base64 text says, as far as it says anything: padding may lack, or stand between two pieces."""
    text = data.strip()
    if b"=" in text.rstrip(b"="):
        return b"".join(_one_piece(piece) for piece in _PIECE.findall(text))
    return _one_piece(text)


def _one_piece(text: bytes) -> bytes:
    try:
        return a2b_base64(text)
    except Error:
        kept = _STRANGE.sub(b"", text)
        return a2b_base64(kept[: len(kept) - (len(kept) % 4 == 1)] + b"==")


def _uuencoded(data: bytes, findings: Findings) -> bytes:
    pieces: list[bytes] = []
    for line in data.splitlines():
        if line.startswith(b"begin ") or not line.strip():
            continue
        if line.strip() == b"end":
            break
        try:
            pieces.append(a2b_uu(line))
        except Error:
            findings.add("broken uuencoded line")
    return b"".join(pieces)
