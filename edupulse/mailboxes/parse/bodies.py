"""Parts become what a person reads, and files: the text, the HTML, and everything else by its index."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from edupulse.mailboxes.event import Attachment
from edupulse.mailboxes.parse import (
    charsets,
    clean,
    filenames,
    html_text,
    limits,
    markup,
    parameters,
    sniff,
    tnef,
)
from edupulse.mailboxes.parse.findings import Findings
from edupulse.mailboxes.parse.flowed import unflowed
from edupulse.mailboxes.parse.tree import Part

_CALENDARS = frozenset({"text/calendar", "application/ics", "text/x-vcalendar", "application/calendar"})
_META = re.compile(rb"<meta[^<>]{0,200}?charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_META_WITHIN = 2_048  # bytes; browsers look at 1,024 (HTML 13.2.3.2)


@dataclass
class Body:
    """What the parts of one message come to."""

    text: str = ""
    html: str = ""
    attachments: list[Attachment] = field(default_factory=list)

    @property
    def calendar(self) -> tuple[int, ...]:
        return tuple(each.index for each in self.attachments if _is_calendar(each))


def read(root: Part, findings: Findings) -> Body:
    """Return texts and files of a message."""
    texts, htmls, body = _Texts(limits.TEXT_BYTES), _Texts(limits.HTML_BYTES), Body()
    for index, part in enumerate(root.leaves()):
        kind = _kind(part, is_whole=part is root)
        if kind == "text":
            texts.add(_text_of(part, texts.room, findings))
        elif kind == "html":
            htmls.add(_decoded(part, htmls.room, findings))
        elif kind == "file":
            body.attachments += _attachments(part, index, findings)
    body.text, body.html = texts.joined("\n"), _sanitised(htmls.joined("\n"), findings)
    if not body.text.strip() and htmls.pieces:
        body.text = html_text.as_text(body.html) if body.html else html_text.bare_text(htmls.joined("\n"))
    if texts.is_full or htmls.is_full:
        findings.add("very long text")
    return body


class _Texts:
    """Pieces of text up to a limit."""

    def __init__(self, most: int) -> None:
        self.pieces: list[str] = []
        self.room = most
        self.is_full = False

    def add(self, piece: str) -> None:
        self.is_full = self.is_full or len(piece) > self.room
        self.pieces.append(piece[: self.room])
        self.room -= len(self.pieces[-1])

    def joined(self, separator: str) -> str:
        return separator.join(self.pieces) if len(self.pieces) != 1 else self.pieces[0]


def _kind(part: Part, *, is_whole: bool) -> str:
    """Return text, html, file, or "" for nothing at all."""
    if part.content_type.startswith("multipart/"):
        return "text" if is_whole else ("file" if part.raw().strip() else "")
    if part.disposition == "attachment" or (_has_name(part) and not is_whole):
        return "file"
    if part.content_type == "text/plain":
        return "text"
    return "html" if part.content_type in ("text/html", "application/xhtml+xml") else "file"


def _has_name(part: Part) -> bool:
    return any(
        name.startswith(word)
        for given, word in ((part.disposition_parameters, "filename"), (part.parameters, "name"))
        for name in given
    )


def _text_of(part: Part, room: int, findings: Findings) -> str:
    text = _decoded(part, room, findings)
    if part.parameters.get("format", "").lower() == "flowed":
        return unflowed(text, joins=part.parameters.get("delsp", "").lower() == "yes")
    return text


def _decoded(part: Part, room: int, findings: Findings) -> str:
    # A character has four bytes at most: what lies behind is not even decoded.
    data = part.data(findings)[: room * 4 + 4]
    label = charset_of(part) or _charset_in_html(part, data)
    return clean.text(charsets.decoded(data, label, findings)).removeprefix("\ufeff")


def _charset_in_html(part: Part, data: bytes) -> str:
    """Return what the document says of itself, which counts where the mail says nothing."""
    found = _META.search(data, 0, _META_WITHIN) if part.content_type == "text/html" else None
    return found[1].decode("ascii") if found else ""


def charset_of(part: Part) -> str:
    """Return the charset that a part names, "" if it names none."""
    return part.parameters.get("charset", "").strip("'\" ")


def _sanitised(html: str, findings: Findings) -> str:
    if not html:
        return ""
    sanitised = markup.sanitised(html)
    if not sanitised and len(html) > limits.TAG_DEPTH:
        findings.add("HTML that cannot be shown")
    return sanitised


def _attachments(part: Part, index: int, findings: Findings) -> Iterator[Attachment]:
    """Yield the file, and behind it those that Outlook packed into it."""
    data = part.data(findings)
    declared = clean.label(part.content_type, 150)
    name = filenames.safe(_name(part, findings), declared, index)
    sniffed = sniff.media_type(data)
    is_inline = part.disposition == "inline" or (not part.disposition and part.fields.has("content-id"))
    content_id = clean.label(part.fields.line("content-id").strip("<> "), limits.NAME_CHARACTERS)
    yield Attachment(index, name, declared, sniffed, len(data), _hash(data), is_inline, content_id)
    if sniffed == "application/ms-tnef":
        yield from (_packed(each, inner_index(index, number)) for number, each in enumerate(tnef.files(data)))


def inner_index(index: int, number: int) -> int:
    """Return the index of a file inside the file with that index; parts have smaller ones."""
    return (index + 1) * limits.PARTS + number


def _packed(file: tnef.File, index: int) -> Attachment:
    name = filenames.safe(file.name, "", index)
    sniffed = sniff.media_type(file.data)
    declared = sniffed or "application/octet-stream"  # TNEF names no types
    return Attachment(index, name, declared, sniffed, len(file.data), _hash(file.data))


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _name(part: Part, findings: Findings) -> str:
    return parameters.decoded(part.disposition_parameters, "filename", findings) or parameters.decoded(
        part.parameters, "name", findings
    )


def _is_calendar(attachment: Attachment) -> bool:
    return attachment.content_type in _CALENDARS or attachment.filename.lower().endswith((".ics", ".vcs"))
