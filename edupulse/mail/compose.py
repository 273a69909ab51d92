"""What shall be said becomes the bytes of one mail: the same delivery gives the same bytes each time."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from edupulse.errors import Invalid
from edupulse.mail.addresses import Address, parse_named
from edupulse.mail.headers import address_header, extra_header, file_name, text_header
from edupulse.mail.render import render_mail

__all__ = ["Attachment", "Mail", "build_message", "render_mail"]

LONGEST_7BIT_LINE = 76  # characters; longer lines are encoded, so that no server on the way wraps them
MOSTLY_ASCII = 6  # one byte in so many may be above 127 for quoted-printable to be the shorter encoding
_ASCII = bytes(range(128))
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=(\"[\w .:/+-]*\"|[\w.:/+-]+))*")


@dataclass(frozen=True)
class Attachment:
    """A file; `text/calendar` with a method becomes an alternative of the text (RFC 6047 2.4)."""

    filename: str
    content_type: str  # may carry parameters: "text/calendar; method=REQUEST; charset=utf-8"
    data: bytes

    def stored(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        return {
            "filename": self.filename,
            "content_type": self.content_type,
            "base64": b64encode(self.data).decode(),
        }


@dataclass(frozen=True)
class Mail:
    """What is said to one person. `headers` are extra ones, e.g. Reply-To."""

    address: str
    name: str
    subject: str
    text: str
    html: str
    locale: str = "en"
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()


class Addressed(Protocol):
    """What a mail's headers are made from; a Delivery is one."""

    @property
    def message_id(self) -> str: ...
    @property
    def accepted_at(self) -> datetime: ...
    @property
    def address(self) -> str: ...
    @property
    def recipient_name(self) -> str: ...
    @property
    def subject(self) -> str: ...


class Written(Protocol):
    """What a mail's body is made from; a DeliveryContent is one."""

    @property
    def text(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def attachments(self) -> Sequence[Mapping[str, Any]]: ...


class _Part(NamedTuple):
    head: str  # its own header lines
    body: bytes  # ends with CRLF


def build_message(delivery: Addressed, content: Written, sender_address: str) -> bytes:
    """Return the mail as bytes: CRLF, 7-bit, short lines, one recipient, dated when it was accepted.

    `sender_address` may carry a name. Only a mailbox name outside ASCII makes it 8-bit (SMTPUTF8).
    Raises Invalid, naming the field, for what could break out of a header.
    """
    marker = "=_" + re.sub(r"\W", "", delivery.message_id)[:40]
    parts = [*_texts(content), *_calendars(content.attachments)]
    body = _multipart("alternative", parts, marker + ".a")
    if files := _files(content.attachments):
        body = _multipart("mixed", [body, *files], marker + ".m")
    return (_headers(delivery, content, sender_address) + body.head).encode() + b"\r\n" + body.body


def _headers(delivery: Addressed, content: Written, sender_address: str) -> str:
    return "".join((
        f"Date: {format_datetime(delivery.accepted_at)}\r\n",
        _from_header(sender_address),
        address_header("To", delivery.recipient_name, Address(delivery.address)),
        text_header("Subject", delivery.subject),
        text_header("Message-ID", delivery.message_id),
        "MIME-Version: 1.0\r\n",
        "Auto-Submitted: auto-generated\r\n",  # RFC 3834 5: no out-of-office answers to us
        "X-Auto-Response-Suppress: All\r\n",  # the same wish in Exchange's words
        *(extra_header(name, value) for name, value in content.headers.items()),
    ))  # fmt: skip


@lru_cache(maxsize=16)
def _from_header(sender_address: str) -> str:
    return address_header("From", *parse_named(sender_address, field="DEFAULT_FROM_EMAIL"))


def _texts(content: Written) -> list[_Part]:
    # The last alternative is the one that a program should prefer (RFC 2046 5.1.4).
    plain = _text_part("text/plain; charset=utf-8", content.text)
    return [plain, _text_part("text/html; charset=utf-8", content.html)] if content.html else [plain]


def _calendars(attachments: Sequence[Mapping[str, Any]]) -> list[_Part]:
    return [
        _text_part(_media_type(each["content_type"]), b64decode(each["base64"]).decode())
        for each in attachments
        if _is_invitation(each)
    ]


def _files(attachments: Sequence[Mapping[str, Any]]) -> list[_Part]:
    return [_file_part(each) for each in attachments if not _is_invitation(each)]


def _is_invitation(attachment: Mapping[str, Any]) -> bool:
    content_type = attachment["content_type"].lower()
    return content_type.startswith("text/calendar") and "method=" in content_type


def _text_part(content_type: str, text: str) -> _Part:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    data = lines.replace("\n", "\r\n").encode(errors="replace")
    encoding, body = _encoded(data)
    return _Part(f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n", body)


def _encoded(data: bytes) -> tuple[str, bytes]:
    """Return the shortest 7-bit form of text: as it is, quoted-printable or base64 (RFC 2045 section 6)."""
    if data.isascii():
        longest = max(map(len, data.split(b"\r\n")))
        if longest <= LONGEST_7BIT_LINE and b"\0" not in data and b"--=_" not in data:
            return "7bit", data
    elif len(data.translate(None, _ASCII)) * MOSTLY_ASCII > len(data):
        return "base64", encodebytes(data).replace(b"\n", b"\r\n")
    return "quoted-printable", b2a_qp(data, istext=True)


def _file_part(attachment: Mapping[str, Any]) -> _Part:
    name, filename = file_name(attachment["filename"])
    head = (
        f"Content-Type: {_media_type(attachment['content_type'])};\r\n {name}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {filename}\r\n"
    )
    return _Part(head, _in_lines(attachment["base64"]))


@lru_cache(maxsize=8)
def _in_lines(base64: str) -> bytes:
    # The same file goes to many people one after the other.
    return encodebytes(b64decode(base64)).replace(b"\n", b"\r\n")


def _media_type(content_type: str) -> str:
    if not _MEDIA_TYPE.fullmatch(content_type):
        raise Invalid(
            f"{content_type[:80]!r} is not a media type such as application/pdf.", field="content_type"
        )
    return content_type


def _multipart(kind: str, parts: Sequence[_Part], boundary: str) -> _Part:
    if len(parts) == 1:
        return parts[0]
    dashes = f"--{boundary}".encode()
    body = b"".join(b"%b\r\n%b\r\n%b\r\n" % (dashes, part.head.encode(), part.body) for part in parts)
    return _Part(f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n', body + dashes + b"--\r\n")
