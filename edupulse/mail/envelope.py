"""One mail as SMTP sees it: who it is from, who it is for, and the bytes as they must stand on the line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_ADDRESS = 254  # bytes; RFC 5321 4.5.3.1.3: a path has 256, its angle brackets included

_UNSAYABLE = re.compile(r"[\x00-\x20\x7f-\x9f<>\u2028\u2029]")
_LONE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")

_NO_ENDS = bytes(byte for byte in range(256) if byte not in b"\r\n")

Extensions = Mapping[str, str]  # what EHLO offered: lower-case keyword -> parameters


@dataclass(frozen=True)
class Envelope:
    """One mail for one person. `smtputf8` says that its header fields hold raw UTF-8 (RFC 6531)."""

    mail_from: str
    rcpt_to: str
    data: bytes = field(repr=False)
    smtputf8: bool = False

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether only a server with SMTPUTF8 can carry it."""
        return self.smtputf8 or not (self.mail_from.isascii() and self.rcpt_to.isascii())

    @property
    def needs_8bit(self) -> bool:
        """Tell whether only a server with 8BITMIME can carry it."""
        return not self.data.isascii()


def refusal(envelope: Envelope, offers: Extensions) -> str:
    """Return the cause for which we do not even try over a server with `offers`; empty if there is none."""
    if not (_sayable(envelope.rcpt_to) and (not envelope.mail_from or _sayable(envelope.mail_from))):
        return "bad_address"
    if envelope.needs_smtputf8 and "smtputf8" not in offers:
        return "needs_smtputf8"
    if envelope.needs_8bit and "8bitmime" not in offers:
        return "needs_7bit"
    if 0 < largest(offers) < len(envelope.data):
        return "too_large"
    return ""


def largest(offers: Extensions) -> int:
    """Return the largest mail in bytes that the server takes (RFC 1870), 0 if it does not say."""
    size = offers.get("size", "")
    return int(size) if size.isdecimal() else 0


def mail_command(envelope: Envelope, offers: Extensions) -> bytes:
    """Return MAIL FROM with the parameters that this mail needs and this server knows."""
    parameters = (
        f" SIZE={len(envelope.data)}" if "size" in offers else "",
        " BODY=8BITMIME" if envelope.needs_8bit else "",
        " SMTPUTF8" if envelope.needs_smtputf8 else "",
    )
    return f"MAIL FROM:<{envelope.mail_from}>{''.join(parameters)}".encode()


def rcpt_command(envelope: Envelope) -> bytes:
    """Return RCPT TO."""
    return f"RCPT TO:<{envelope.rcpt_to}>".encode()


def on_the_line(data: bytes) -> bytes:
    """Return the body up to its dot: every line ends in CRLF, every leading dot is doubled (RFC 5321 4.5.2).

    A lone CR or LF left in it would let a body end the mail on some servers and smuggle a second one in.
    """
    lines = data if _ends_well(data) else _LONE_END.sub(b"\r\n", data)
    stuffed = lines.replace(b"\r\n.", b"\r\n..") if b"\r\n." in lines else lines
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    return stuffed if stuffed.endswith(b"\r\n") or not stuffed else stuffed + b"\r\n"


def _ends_well(data: bytes) -> bool:
    # Taking all but the ends away is fifty times cheaper than the pattern, and our own composer leaves nothing to mend.
    ends = data.translate(None, _NO_ENDS)
    return ends == b"\r\n" * (len(ends) // 2)


def _sayable(address: str) -> bool:
    return (
        "@" in address
        and len(address.encode(errors="replace")) <= MAX_ADDRESS
        and not _UNSAYABLE.search(address)
    )
