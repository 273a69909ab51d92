"""The tree of parts becomes the message object of Python's own library, for those who read reports from it."""

from __future__ import annotations

import re
from email.message import Message

from edupulse.mailboxes.parse import limits, tree
from edupulse.mailboxes.parse.fields import Fields, group
from edupulse.mailboxes.parse.findings import Findings

_LINE_END = re.compile(r"[\r\n\0]+[ \t]*")
_EMPTY_LINE = re.compile(rb"\n[ \t\r]*\n")
_HAS_PARAMETERS = re.compile(r"content-(?:type|disposition)", re.IGNORECASE)
_READABLE = 2_000  # characters: the library's time grows with the square of them
_ENCODED = frozenset({"base64", "quoted-printable", "x-uuencode", "uuencode"})
_MESSAGES = 4  # attached messages in each other: a report, the mail it returns, and what that one forwards


def message_of(part: tree.Part, *, room: int = _MESSAGES) -> Message[str, str]:
    """Return a message (policy compat32), each field on one line; attached messages and reports become parts."""
    message = _with_headers(part.fields)
    if part.parts:
        message.set_payload([message_of(each, room=room) for each in part.parts])
    elif part.content_type.startswith("message/") and room > 0 and part.encoding not in _ENCODED:
        message.set_payload(_inside(part, room))
    else:
        message.set_payload(_string(part.raw()))
    return message


def _inside(part: tree.Part, room: int) -> list[Message[str, str] | str]:
    data, findings = part.raw(), Findings()
    if part.content_type in ("message/delivery-status", "message/global-delivery-status"):
        return [_with_headers(fields) for fields in blocks(data)]
    return [message_of(tree.grown(data, findings), room=room - 1)]


def blocks(data: bytes) -> list[Fields]:
    """Return the groups of fields of a report, one for the message and one for each recipient (RFC 3464 2.1)."""
    groups = (group(each, Findings()) for each in _EMPTY_LINE.split(data, limits.PARTS)[: limits.PARTS])
    return [each for each in groups if each.ordered]


def _with_headers(fields: Fields) -> Message[str, str]:
    message: Message[str, str] = Message()
    for name, value in fields.ordered:
        line = _LINE_END.sub(" ", _string(value)).strip()
        message.set_raw(name, line if not _HAS_PARAMETERS.fullmatch(name) else _readable(line))
    message.set_payload("")  # the library trips over messages without one
    return message


def _readable(value: str) -> str:
    """Return a value that the library's own reader of parameters survives: it is slow, and raises for some."""
    value = value[:_READABLE]
    probe: Message[str, str] = Message()
    probe.set_raw("Content-Type", value)
    try:
        probe.get_params()
        probe.get_filename()
        probe.get_content_charset()
    except (TypeError, ValueError, LookupError):
        return value.partition(";")[0]
    return value


def _string(data: bytes) -> str:
    # As Python's parser does it: bytes beyond ASCII survive as lone surrogates, and decode again to themselves.
    return data.decode("ascii", "surrogateescape")
