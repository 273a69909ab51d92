"""The parts of a message that say what it is: its own texts and reports, and the mail that it encloses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from edupulse.mail.replies import legible

# The fields of one block of a report, or of one head: names in lower case, the first of a name counts.
Fields = dict[str, str]

MOST_PARTS = 1000  # looked at; no report has more than a handful
LONGEST_FIELD = 2000  # characters; a server's words are shorter
LONGEST_BLOCKS = 200_000  # characters of a report that are read: some servers list hundreds of recipients
_REPORT_TYPES = ("message/delivery-status", "message/global-delivery-status")
_FOLD = re.compile(r"\r?\n[ \t]+")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)", re.DOTALL)


def own_parts(message: Message) -> Iterator[Message]:
    """Yield the message and its parts, in their order, without what stands inside a mail that it encloses."""
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        yield part
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            inner = [each for each in payload[:MOST_PARTS] if isinstance(each, Message)]
            waiting.extend(reversed(inner))


def status_blocks(message: Message) -> list[Fields]:
    """Return the blocks of a delivery status report (RFC 3464 2.1): first about the mail, then one per recipient."""
    for part in own_parts(message):
        if part.get_content_type() in _REPORT_TYPES:
            return blocks_of(text_of_fields(part))
    return []


def blocks_of(text: str) -> list[Fields]:
    """Split text into its blocks of fields, which empty lines part."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip("\n")[:LONGEST_BLOCKS])
    return [fields for block in blocks if (fields := fields_of(block))]


def fields_of(block: str) -> Fields:
    """Read `Name: value` lines, folded ones unfolded, what is no field passed over."""
    fields: Fields = {}
    for line in _FOLD.sub(" ", block).splitlines():
        if found := _FIELD.fullmatch(line.strip()):
            fields.setdefault(found[1].lower(), decoded(found[2])[:LONGEST_FIELD])
    return fields


def text_of_fields(part: Message) -> str:
    """Return a report's text as it stands, however the parser has taken it apart."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return legible_lines(_bytes_of(part))
    return "\n\n".join(_flat(each) for each in payload if isinstance(each, Message))


def enclosed_heads(message: Message) -> Iterator[Fields]:
    """Yield the heads of the mails that a message returns: whole ones, and their headers alone."""
    for part in own_parts(message):
        kind, payload = part.get_content_type(), part.get_payload()
        if kind in ("message/rfc822", "message/global", "message/partial") and isinstance(payload, list):
            yield from (_head(mail) for mail in payload[:1] if isinstance(mail, Message))
        elif kind in ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers"):
            yield fields_of(text_of_fields(part))


def first(fields: Fields, names: Sequence[str]) -> str:
    """Return the first of these fields that says something."""
    return next((fields[name] for name in names if fields.get(name)), "")


def decoded(value: str) -> str:
    """Return a header's value with its encoded words read, in one legible line."""
    if "=?" not in value:
        return value.strip()
    try:
        words = decode_header(value)
    except (HeaderParseError, ValueError):
        return value.strip()
    return "".join(_word(word, charset) for word, charset in words).strip()


def legible_lines(raw: bytes) -> str:
    """Decode bytes of unknown encoding and keep their lines."""
    return "\n".join(legible(line) for line in raw.splitlines())


def _word(word: bytes | str, charset: str | None) -> str:
    if isinstance(word, str):
        return word
    name = {"gb2312": "gb18030", "gbk": "gb18030"}.get((charset or "").lower(), charset or "")
    try:
        return legible(word.decode(name).encode()) if name else legible(word)
    except (LookupError, UnicodeDecodeError):
        return legible(word)


def _head(mail: Message) -> Fields:
    fields: Fields = {}
    for name, value in mail.raw_items():
        fields.setdefault(name.lower(), decoded(_FOLD.sub(" ", _clean(value)))[:LONGEST_FIELD])
    return fields


def _flat(block: Message) -> str:
    """Return the fields of a block, and what the parser took for its body."""
    lines = [f"{name}: {_clean(value)}" for name, value in block.raw_items()]
    body = block.get_payload()
    rest = _clean(body) if isinstance(body, str) else ""
    return "\n".join(lines) + (f"\n\n{rest}" if rest.strip() else "")


def _clean(value: object) -> str:
    text = str(value)
    return (
        text
        if text.isascii() and text.isprintable()
        else legible_lines(text.encode(errors="surrogateescape"))
    )


def _bytes_of(part: Message) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        payload = None
    if isinstance(payload, bytes):
        return payload
    text = part.get_payload()
    return text.encode(errors="surrogateescape") if isinstance(text, str) else b""
