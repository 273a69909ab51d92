"""A header's value becomes lines that every program reads: names of the world, folded, nothing injected."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

from edupulse.errors import Invalid
from edupulse.mail.addresses import Address, parse_named, refuse_steering

FOLD_AT = 76  # characters; RFC 2047 section 2 for lines with encoded words, RFC 5322 2.1.1 recommends 78
LONGEST_WORD = 900  # characters without a space; a line may have 998 (RFC 5322 2.1.1), so this one is encoded
_WORD_FRAME = len("=?utf-8?b??=")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
_LIST_ID = re.compile(r"(?P<title>[^<>]*?) ?<(?P<id>[A-Za-z0-9.-]+)>")
_NEEDS_QUOTES = re.compile(r"[^A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]")
# Ours alone to write: a mail that could name them could change who gets it or what it is.
_RESERVED = frozenset({
    "from", "to", "cc", "bcc", "sender", "return-path", "received", "subject", "date", "message-id",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "auto-submitted",
})  # fmt: skip


def text_header(name: str, text: str) -> str:
    """Return `name: text` as folded lines with CRLF; what is not ASCII becomes encoded words (RFC 2047)."""
    refuse_steering(text, field=name)
    if not _must_encode(text):
        return _folded(f"{name}: {text}")
    first = FOLD_AT - len(name) - 2
    return f"{name}: " + "\r\n ".join(_encoded_words(text, first_room=first)) + "\r\n"


def address_header(name: str, person: str, address: Address) -> str:
    """Return `name: person <address>`, the person's name quoted or encoded as it needs."""
    if not person:
        return f"{name}: {address.mailbox}\r\n"
    return phrase_header(name, person, address.mailbox)


def phrase_header(name: str, phrase: str, identity: str) -> str:
    """Return `name: phrase <identity>`, e.g. List-Id (RFC 2919), the phrase quoted or encoded as it needs."""
    refuse_steering(phrase, field=f"the name in {name}")
    if not phrase:
        return f"{name}: <{identity}>\r\n"
    if _must_encode(phrase):
        words = "\r\n ".join(_encoded_words(phrase, first_room=FOLD_AT - len(name) - 2))
        return f"{name}: {words}\r\n <{identity}>\r\n"
    return _folded(f"{name}: {_quoted(phrase)} <{identity}>")


def extra_header(name: str, value: str) -> str:
    """Return a header that the caller wished for, e.g. Reply-To or List-Unsubscribe. Raises Invalid."""
    if not _NAME.fullmatch(name) or name.lower() in _RESERVED:
        raise Invalid(
            f"{name[:80]!r} is not a header that a mail may be given.", field="headers", name=name[:80]
        )
    if name.lower() == "reply-to":
        return address_header(name, *parse_named(value, field=name))
    if name.lower() == "list-id" and (found := _LIST_ID.fullmatch(value)):
        return phrase_header(name, found["title"], found["id"])
    return text_header(name, value)


def file_name(filename: str) -> tuple[str, str]:
    """Return the parameters for a file's name: `name` for Content-Type, `filename` for Content-Disposition.

    Outlook, Gmail and QQ read RFC 2231; older programs read the encoded word in `name`.
    """
    refuse_steering(filename, field="the attachment's name")
    if not filename or len(filename) > 200 or "/" in filename or "\\" in filename:
        raise Invalid("An attachment needs a plain file name of at most 200 characters.", field="filename")
    if not _must_encode(filename):
        return f'name="{_escaped(filename)}"', f'filename="{_escaped(filename)}"'
    words = "\r\n ".join(_encoded_words(filename, first_room=FOLD_AT - 8))
    return f'name="{words}"', f"filename*=utf-8''{quote(filename, safe='')}"


def _must_encode(text: str) -> bool:
    return not text.isascii() or "=?" in text or any(len(word) > LONGEST_WORD for word in text.split(" "))


def _encoded_words(text: str, *, first_room: int) -> Iterator[str]:
    room, chunk = _bytes_in(first_room), b""
    if len(whole := text.encode()) <= room:  # most names and many subjects
        yield _encoded_word(whole)
        return
    for character in text:
        encoded = character.encode()
        if len(chunk) + len(encoded) > room:
            yield _encoded_word(chunk)
            room, chunk = _bytes_in(FOLD_AT - 1), b""
        chunk += encoded
    yield _encoded_word(chunk)


def _bytes_in(characters: int) -> int:
    return max(
        4, (characters - _WORD_FRAME) // 4 * 3
    )  # base64: three bytes in four characters; one emoji fits


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?b?{b64encode(chunk).decode()}?="


def _folded(line: str) -> str:
    if len(line) <= FOLD_AT:
        return line + "\r\n"
    lines, current = [], ""
    for word in line.split(" "):
        if current.strip() and len(current) + len(word) > FOLD_AT:
            lines.append(current)
            current = ""
        current += f" {word}" if lines or current else word
    return "\r\n".join([*lines, current]) + "\r\n"


def _quoted(person: str) -> str:
    return f'"{_escaped(person)}"' if _NEEDS_QUOTES.search(person) else person


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
