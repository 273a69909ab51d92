"""What a message says, in one form whatever the bytes were: the UnifiedEvent that every handler reads.

The schema is versioned and plain JSON. The same bytes give the same event, so it can be made anew from storage at any
time. A field that a message lacks is empty, and what was wrong with the bytes is listed in `defects`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Correspondent:
    """A name and an address as they stand in a header; either may be empty."""

    name: str
    address: str


@dataclass(frozen=True)
class Attachment:
    """A part that is a file. `index` finds it again in the raw message; `filename` carries no path."""

    index: int
    filename: str
    content_type: str  # as declared
    sniffed_type: str  # as the bytes say, "" if they say nothing
    size: int  # bytes, decoded
    sha256: str
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True)
class Report:
    """What a server says about one recipient of a mail of ours (RFC 3464, RFC 5965, or in its own words)."""

    kind: str  # hard | soft | delayed | delivered | complaint
    recipient: str = ""  # address, "" where nobody can tell
    original_recipient: str = ""  # before an alias or a forwarding
    status: str = ""  # RFC 3463, e.g. 5.1.1
    cause: str = ""  # a stable word: mailbox_unknown, mailbox_full, blocked, spam, too_large, ...
    text: str = ""  # the server's words
    delivery_id: int | None = None  # proven by a signed return path or reply address
    original_message_id: str = ""  # of the mail it is about
    found_by: str = ""  # verp | message_id | dsn | rule | arf


@dataclass(frozen=True)
class Classification:
    """What kind of message it is, how sure that is (0 to 1), and why."""

    kind: str = "other"
    confidence: float = 1.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class UnifiedEvent:
    """One message, whoever wrote it and however it was encoded."""

    sha256: str  # of the raw bytes
    size: int
    message_id: str  # with its angle brackets; made from the hash where there is none
    has_own_id: bool = True
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # oldest first, as they stand
    subject: str = ""
    date: str | None = None  # ISO 8601 in UTC
    from_: tuple[Correspondent, ...] = ()
    sender: tuple[Correspondent, ...] = ()
    reply_to: tuple[Correspondent, ...] = ()
    to: tuple[Correspondent, ...] = ()
    cc: tuple[Correspondent, ...] = ()
    return_path: str | None = None  # "" is the null sender of reports, None: not known
    delivered_to: tuple[str, ...] = ()  # addresses of Delivered-To, X-Original-To, Envelope-To and the like
    text: str = ""  # the whole text, made from the HTML where there is no other
    reply_text: str = ""  # the same without what it quotes
    html: str = ""  # sanitised
    attachments: tuple[Attachment, ...] = ()
    calendar: tuple[int, ...] = ()  # indexes of the attachments that are calendar files
    headers: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # those that decide something, in lower case
    auth: Mapping[str, str] = field(
        default_factory=dict
    )  # spf, dkim, dmarc as the receiving server found them
    language: str = ""
    reports: tuple[Report, ...] = ()
    classification: Classification = Classification()
    defects: tuple[str, ...] = ()
    version: int = VERSION

    @property
    def author(self) -> Correspondent:
        """Who wrote it, as far as it says so."""
        return next(iter(self.from_ or self.sender), Correspondent("", ""))

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> UnifiedEvent:
        """Return the event that `as_json` gave."""
        values = dict(stored)
        for name in ("from_", "sender", "reply_to", "to", "cc"):
            values[name] = tuple(Correspondent(**each) for each in values[name])
        values["attachments"] = tuple(Attachment(**each) for each in values["attachments"])
        values["reports"] = tuple(Report(**each) for each in values["reports"])
        kind = values["classification"]
        values["classification"] = Classification(kind["kind"], kind["confidence"], tuple(kind["reasons"]))
        values["headers"] = {name: tuple(each) for name, each in values["headers"].items()}
        for name in ("in_reply_to", "references", "delivered_to", "calendar", "defects"):
            values[name] = tuple(values[name])
        return cls(**values)
