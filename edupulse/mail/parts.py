"""The parts of a mail as bytes: texts in the encoding that suits them, files, and what holds them together."""

from __future__ import annotations

import re
from base64 import b64decode, encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from edupulse.errors import Invalid
from edupulse.mail.headers import file_name

LONGEST_7BIT_LINE = 76  # characters; longer lines are encoded, so that no server on the way wraps them
MOSTLY_ASCII = 6  # one byte in so many may be above 127 for quoted-printable to be the shorter encoding
_ASCII = bytes(range(128))
# RFC 2392: what stands behind cid: in the HTML, an addr-spec; letters that need no escaping there are enough.
_CONTENT_ID = re.compile(r"[\w.+-]{1,120}@[\w.-]{1,120}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=(\"[\w .:/+-]*\"|[\w.:/+-]+))*")


class Part(NamedTuple):
    """One part, whole."""

    head: str  # its own header lines
    body: bytes  # ends with CRLF


def text_part(content_type: str, text: str) -> Part:
    """Return a text as a part; what is half a character becomes a question mark."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    data = lines.replace("\n", "\r\n").encode(errors="replace")
    encoding, body = _encoded(data)
    return Part(text_head(content_type, encoding), body)


def text_head(content_type: str, encoding: str) -> str:
    """Return the header lines of a text."""
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n"


def is_mostly_ascii(data: bytes) -> bool:
    """Say whether quoted-printable is shorter than base64."""
    return len(data.translate(None, _ASCII)) * MOSTLY_ASCII <= len(data)


def file_part(attachment: Mapping[str, Any]) -> Part:
    """Return a file of the ledger as a part. Raises Invalid for its name or type."""
    name, filename = file_name(attachment["filename"])
    head = (
        f"Content-Type: {media_type(attachment['content_type'])};\r\n {name}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {filename}\r\n"
    )
    return Part(head, _in_lines(attachment["base64"]))


def picture_part(attachment: Mapping[str, Any]) -> Part:
    """Return a picture that stands inside the HTML as a part, by its Content-ID (RFC 2392). Raises Invalid."""
    if not _CONTENT_ID.fullmatch(attachment["content_id"]):
        raise Invalid("A picture is named like an address, chart@school.example.", field="content_id")
    name, filename = file_name(attachment["filename"])
    head = (
        f"Content-Type: {media_type(attachment['content_type'])};\r\n {name}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-ID: <{attachment['content_id']}>\r\n"
        f"Content-Disposition: inline;\r\n {filename}\r\n"
    )
    return Part(head, _in_lines(attachment["base64"]))


def media_type(content_type: str) -> str:
    """Return a media type that is one; raises Invalid for anything else."""
    if not _MEDIA_TYPE.fullmatch(content_type):
        raise Invalid(
            f"{content_type[:80]!r} is not a media type such as application/pdf.", field="content_type"
        )
    return content_type


def multipart(kind: str, parts: Sequence[Part], boundary: str) -> Part:
    """Return the parts as one; a single one stays as it is."""
    if len(parts) == 1:
        return parts[0]
    dashes = f"--{boundary}".encode()
    body = b"".join(b"%b\r\n%b\r\n%b\r\n" % (dashes, part.head.encode(), part.body) for part in parts)
    return Part(multipart_head(kind, boundary), body + dashes + b"--\r\n")


def related(parts: Sequence[Part], boundary: str) -> Part:
    """Return an HTML text, the first, and the pictures in it as one (RFC 2387); without any it stays as it is."""
    return multipart('related; type="text/html"', parts, boundary)


def multipart_head(kind: str, boundary: str) -> str:
    """Return the header line of several parts."""
    return f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'


def _encoded(data: bytes) -> tuple[str, bytes]:
    """Return the shortest 7-bit form of text: as it is, quoted-printable or base64 (RFC 2045 section 6)."""
    if data.isascii():
        longest = max(map(len, data.split(b"\r\n")))
        if longest <= LONGEST_7BIT_LINE and b"\0" not in data and b"--=_" not in data:
            return "7bit", data
    elif not is_mostly_ascii(data):
        return "base64", encodebytes(data).replace(b"\n", b"\r\n")
    return "quoted-printable", b2a_qp(data, istext=True)


@lru_cache(maxsize=8)
def _in_lines(base64: str) -> bytes:
    # The same file goes to many people one after the other.
    return encodebytes(b64decode(base64)).replace(b"\n", b"\r\n")
