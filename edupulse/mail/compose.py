"""What shall be said becomes the bytes of one mail: the same delivery gives the same bytes each time."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Protocol

from edupulse.mail.addresses import Address, parse_named
from edupulse.mail.headers import address_header, extra_header, text_header
from edupulse.mail.parts import Part, file_part, media_type, multipart, picture_part, related, text_part
from edupulse.mail.render import render_mail

__all__ = ["Attachment", "Mail", "build_message", "render_mail"]

# No out-of-office answers to us: RFC 3834 section 5, and the same wish in Exchange's words.
AUTOMATIC = "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"


@dataclass(frozen=True)
class Attachment:
    """A file; `text/calendar` with a method becomes an alternative of the text (RFC 6047 2.4).

    One with a `content_id`, "chart@school.example", is a picture that the HTML shows by "cid:chart@school.example".
    """

    filename: str
    content_type: str  # may carry parameters: "text/calendar; method=REQUEST; charset=utf-8"
    data: bytes
    content_id: str = ""

    def stored(self) -> dict[str, Any]:
        """Return it as the ledger keeps it."""
        kept = {
            "filename": self.filename,
            "content_type": self.content_type,
            "base64": b64encode(self.data).decode(),
        }
        return {**kept, "content_id": self.content_id} if self.content_id else kept


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


def build_message(delivery: Addressed, content: Written, sender_address: str) -> bytes:
    """Return the mail as bytes: CRLF, 7-bit, short lines, one recipient, dated when it was accepted.

    `sender_address` may carry a name. Only a mailbox name outside ASCII makes it 8-bit (SMTPUTF8).
    Raises Invalid, naming the field, for what could break out of a header.
    """
    marker = "=_" + re.sub(r"\W", "", delivery.message_id)[:40]
    parts = [*_texts(content, marker + ".r"), *_calendars(content.attachments)]
    body = multipart("alternative", parts, marker + ".a")
    if files := _files(content):
        body = multipart("mixed", [body, *files], marker + ".m")
    return (_headers(delivery, content, sender_address) + body.head).encode() + b"\r\n" + body.body


def _headers(delivery: Addressed, content: Written, sender_address: str) -> str:
    return "".join((
        f"Date: {format_datetime(delivery.accepted_at)}\r\n",
        _from_header(sender_address),
        address_header("To", delivery.recipient_name, Address(delivery.address)),
        text_header("Subject", delivery.subject),
        text_header("Message-ID", delivery.message_id),
        "MIME-Version: 1.0\r\n",
        AUTOMATIC,
        *(extra_header(name, value) for name, value in content.headers.items()),
    ))  # fmt: skip


@lru_cache(maxsize=16)
def _from_header(sender_address: str) -> str:
    return address_header("From", *parse_named(sender_address, field="DEFAULT_FROM_EMAIL"))


def _texts(content: Written, boundary: str) -> list[Part]:
    # The last alternative is the one that a program should prefer (RFC 2046 5.1.4).
    plain = text_part("text/plain; charset=utf-8", content.text)
    if not content.html:
        return [plain]
    html = text_part("text/html; charset=utf-8", content.html)
    pictures = [picture_part(each) for each in content.attachments if _is_picture(each)]
    return [plain, related([html, *pictures], boundary)]


def _calendars(attachments: Sequence[Mapping[str, Any]]) -> list[Part]:
    return [
        text_part(media_type(each["content_type"]), b64decode(each["base64"]).decode())
        for each in attachments
        if _is_invitation(each)
    ]


def _files(content: Written) -> list[Part]:
    # Without HTML nothing shows a picture: then it is a file like others.
    return [
        file_part(each)
        for each in content.attachments
        if not _is_invitation(each) and not (content.html and _is_picture(each))
    ]


def _is_picture(attachment: Mapping[str, Any]) -> bool:
    return bool(attachment.get("content_id"))


def _is_invitation(attachment: Mapping[str, Any]) -> bool:
    content_type = attachment["content_type"].lower()
    return content_type.startswith("text/calendar") and "method=" in content_type
