"""What stands around the texts of a mailing's mails: the part that all share, and one person's own header lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, Protocol

from edupulse.errors import Invalid
from edupulse.mail.addresses import Address, parse_named
from edupulse.mail.compose import AUTOMATIC
from edupulse.mail.headers import address_header, extra_header, text_header
from edupulse.mail.letters import LetterHead
from edupulse.mail.parts import Part, multipart, text_head

SHORT = 60  # characters: with the header's name before it, it fits into one line
# What needs neither quotes nor folding nor encoding; nearly every header of nearly every mail.
EASY_SUBJECT = re.compile(r"[!-~]+(?: [!-~]+)*")
_EASY_NAME = re.compile(r"[A-Za-z0-9]+(?: [A-Za-z0-9]+)*")
_EASY_MAILBOX = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9.-]+")
_HERE = (b"\0text\0", b"\0html\0")  # stand for the texts while the frame is built
_EASY_ID = re.compile(r"<[!-;=?-~]{1,190}>")
_NOT_A_MAILBOX = re.compile(r"[\s<>,;\x00-\x20\x7f]|^[^@]*$")


class To(Protocol):
    """Whom a mail goes to; a Delivery is one."""

    @property
    def id(self) -> int: ...
    @property
    def message_id(self) -> str: ...
    @property
    def accepted_at(self) -> datetime: ...
    @property
    def address(self) -> str: ...
    @property
    def recipient_name(self) -> str: ...
    @property
    def fields(self) -> Mapping[str, Any] | None: ...


def frame(
    head: LetterHead, encodings: Sequence[str], files: Sequence[Part], mark: str
) -> tuple[bytes, bytes, bytes]:
    """Return the bytes before the text, between text and HTML, and after the last of them.

    `encodings` are those of the text and, if there is one, of the HTML; `mark` begins the boundaries.
    """
    kinds = zip(("plain", "html"), encodings, _HERE, strict=False)
    parts = [Part(text_head(f"text/{kind}; charset=utf-8", encoding), here) for kind, encoding, here in kinds]
    whole = multipart("alternative", parts, mark + ".a")
    whole = multipart("mixed", [whole, *files], mark + ".m")
    before, _, rest = ((fixed_headers(head) + whole.head).encode() + b"\r\n" + whole.body).partition(_HERE[0])
    between, found, after = rest.partition(_HERE[1])
    return (before, between, after) if found else (before, b"", rest)


def common_headers(head: LetterHead) -> dict[str, str]:
    """Return the headers beyond the usual ones that are the same for all, by name."""
    domain = parse_named(head.sender_address, field="sender_address")[1].domain
    # Google's feedback loop: the last is who sends, the others are counted apart.
    common = {"Feedback-ID": f"{head.mailing_id}:{head.purpose}:{domain}:edupulse"}
    if head.reply_to:
        common["Reply-To"] = head.reply_to
    if head.purpose == "newsletter":
        common["List-Id"] = (
            f"{head.title.replace('<', '').replace('>', '')} <mailing-{head.mailing_id}.{domain}>"
        )
        common["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058 3.1
        common["Precedence"] = "bulk"
    return common


def fixed_headers(head: LetterHead) -> str:
    """Return the lines that all mails of a letter share. Raises Invalid for what no header may hold."""
    person, address = parse_named(head.sender_address, field="sender_address")
    return "".join((
        address_header("From", person, address),
        "MIME-Version: 1.0\r\n",
        AUTOMATIC,
        *(extra_header(name, value) for name, value in common_headers(head).items()),
    ))  # fmt: skip


def subject_header(subject: str) -> str:
    """Return the line or lines of a subject."""
    if len(subject) <= SHORT and "=?" not in subject and EASY_SUBJECT.fullmatch(subject):
        return f"Subject: {subject}\r\n"
    return text_header("Subject", subject)


def to_header(name: str, mailbox: str) -> str:
    """Return the line or lines that name the one recipient. Raises Invalid."""
    if not _EASY_MAILBOX.fullmatch(mailbox) and _NOT_A_MAILBOX.search(mailbox):
        raise Invalid(f"{mailbox[:100]!r} is no e-mail address.", cure="Correct it.", field="address")
    if len(name) + len(mailbox) <= SHORT and _EASY_NAME.fullmatch(name):
        return f"To: {name} <{mailbox}>\r\n"
    return address_header("To", name, Address(mailbox))


def id_header(message_id: str) -> str:
    """Return the line of the mail's own name."""
    if _EASY_ID.fullmatch(message_id):
        return f"Message-ID: {message_id}\r\n"
    return text_header("Message-ID", message_id)


@lru_cache(maxsize=256)
def date_header(at: datetime) -> str:
    """Return the line of the time when a mail was accepted."""
    # All mails of a mailing were accepted within seconds.
    return f"Date: {format_datetime(at)}\r\n"
