"""The mail that came back, as far as a report shows it: its Message-ID, whom it was for, its signed return address."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from email.message import Message

from edupulse.mail.return_path import delivery_of
from edupulse.mailboxes.classify.addresses import addresses_in, strangers
from edupulse.mailboxes.classify.pieces import Fields, enclosed_heads, fields_of, first
from edupulse.mailboxes.event import UnifiedEvent

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}@[^<>\s]{1,200}>")
# Where a text goes over into the mail that it returns, as the systems write it.
_MARKS = re.compile(
    r"^[ \t>*|-]*(below this line is a copy|this is a copy of|original message( headers| follows)?\b|original-nachricht"
    r"|message (header|content) follows|message header|the headers of the message|(the )?header of (the|your)"
    r"|unsent message below|returned message|your (original )?message( follows| was)?:|included is a copy"
    r"|(a )?copy of (your|the) (message|mail)|ursprüngliche nachricht|原始?邮件(内容|头)|原文)[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD_LINE = re.compile(
    r"^(Return-Path|Received|Delivered-To|DKIM-Signature|Message-I[dD]|Date|From|To|Subject|MIME-Version|X-[A-Za-z-]+"
    r"|Content-[A-Za-z-]+|Auto-Submitted|Reply-To|Sender|List-[A-Za-z-]+):[ \t]",
    re.MULTILINE,
)
_LONGEST_HEAD = 20_000  # characters of text in which a returned head is looked for
_FEWEST_LINES = 3  # of a head; fewer may be a summary


@dataclass(frozen=True)
class Returned:
    """What is known of the mail that came back; each of it may be empty. `own_words` is the text before it."""

    message_id: str = ""
    to: str = ""
    is_enclosed: bool = False
    own_words: str = ""


def returned_mail(
    message: Message, event: UnifiedEvent, blocks: Iterable[Fields], own: Collection[str]
) -> Returned:
    """Gather what a report shows of the mail that it is about."""
    own_words, quoted = split(event.text)
    heads = [head for head in enclosed_heads(message) if head]
    is_enclosed = bool(heads or quoted)
    heads += [quoted] if quoted else []
    to = [each for head in heads for each in strangers(addresses_in(head.get("to", "")), own)]
    return Returned(_message_id(heads, event, blocks), next(iter(to), ""), is_enclosed, own_words)


def signed_delivery(event: UnifiedEvent, message: Message, blocks: Iterable[Fields]) -> int | None:
    """Return our mail, if a signed return address stands anywhere in the report."""
    named = [*event.delivered_to, *(each.address for each in (*event.to, *event.cc))]
    for fields in (*blocks, *enclosed_heads(message)):
        named += [
            value for name, value in fields.items() if "@" in value and name not in ("from", "to", "subject")
        ]
    return next((found for each in named if (found := delivery_of(each)) is not None), None)


def split(text: str) -> tuple[str, Fields]:
    """Part a text into what the server says itself and the head of the mail that it quotes behind that."""
    shown = text[:_LONGEST_HEAD]
    mark = _MARKS.search(shown)
    lines = list(_HEAD_LINE.finditer(shown, mark.end() if mark else 0))
    for start, end in zip(lines, lines[_FEWEST_LINES - 1 :], strict=False):
        if shown.count("\n\n", start.start(), end.start()) == 0:
            begin = mark.start() if mark else start.start()
            return shown[:begin], fields_of(shown[start.start() :].partition("\n\n")[0])
    return (shown[: mark.start()] if mark else shown), {}


def _message_id(heads: Iterable[Fields], event: UnifiedEvent, blocks: Iterable[Fields]) -> str:
    named = [head.get("message-id", "") for head in heads]
    named += [first(block, ("x-original-message-id", "original-message-id")) for block in blocks]
    named += [*event.in_reply_to, *reversed(event.references)]
    return next((found[0] for each in named if (found := _MESSAGE_ID.search(each))), "")
