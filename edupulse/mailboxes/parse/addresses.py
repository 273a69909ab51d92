"""A header full of people becomes names and addresses, in one pass however it is written (RFC 5322 3.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edupulse.mailboxes.event import Correspondent
from edupulse.mailboxes.parse import clean, limits, words
from edupulse.mailboxes.parse.findings import Findings

# Encoded words come first: the text in them may hold commas and brackets.
_TOKEN = re.compile(
    r"""(?P<word>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)
    | "(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\\?$)
    | <(?P<angle>[^<>]*)(?:>|$)
    | (?P<open>\() | (?P<close>\))
    | (?P<stop>[,;]+) | (?P<colon>:)
    | (?P<space>\s+)
    | (?P<atom>[^\s"<>(),;:=\\]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = re.compile(r"(?:([A-Za-z0-9 ._-]*?) ?<)?([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+)(>?)")


def read(value: str, findings: Findings) -> tuple[Correspondent, ...]:
    """Return the people in a header's line whose encoded words are still in it."""
    if not value:
        return ()
    # Nearly all headers with one person look like this.
    if (found := _PLAIN.fullmatch(value)) and (found[1] is not None) == bool(found[3]):
        return tuple(_made(found[1] or "", found[2], findings))
    people: list[Correspondent] = []
    for person in _people(value):
        people += person.made(findings)
        if len(people) >= limits.ADDRESSES:
            findings.add("very many addresses")
            break
    return tuple(people)


class _Person:
    """What was read of one person so far."""

    def __init__(self) -> None:
        self.phrase: list[str] = []
        self.comment: list[str] = []
        self.angle: str | None = None

    def made(self, findings: Findings) -> Iterator[Correspondent]:
        phrase, comment = "".join(self.phrase).strip(), "".join(self.comment).strip()
        if self.angle is not None:
            return _made(words.decoded(phrase or comment, findings), self.angle, findings)
        if "@" not in phrase:
            return _made(words.decoded(phrase or comment, findings), "", findings)
        # An address without brackets; a name may stand before it, which is forbidden.
        *before, address = phrase.split()
        if "@" not in address:
            before, address = phrase.split(), next(each for each in phrase.split() if "@" in each)
            before.remove(address)
        return _made(words.decoded(" ".join(before) or comment, findings), address, findings)


def _people(value: str) -> Iterator[_Person]:
    person, depth = _Person(), 0
    for found in _TOKEN.finditer(value):
        kind = found.lastgroup
        if kind == "open" or (kind == "close" and depth):
            # Comments may hold comments: counted, so that a thousand of them cost no stack.
            depth = max(0, depth + (1 if kind == "open" else -1))
            person.comment.append(" ")
        elif depth:
            person.comment.append(found[0])
        elif kind == "stop":
            yield person
            person = _Person()
        elif kind == "colon":
            person = _after_colon(person)
        elif kind == "angle":
            person.angle = found["angle"] if person.angle is None else person.angle
        elif kind == "quoted" and not found[0].endswith('"'):
            # A quotation mark without its partner: what follows is read without it.
            yield from _people(found["quoted"].replace('"', " "))
        elif kind == "quoted":
            person.phrase.append(_ESCAPED.sub(r"\1", found["quoted"]) + _needed_space(value, found.end()))
        else:
            person.phrase.append(" " if kind == "space" else found[0])
    yield person
    if depth:  # a comment without an end has swallowed the rest: it holds no brackets any more
        yield from _people("".join(person.comment))


def _after_colon(person: _Person) -> _Person:
    """What stood before a colon is the name of a group or of a scheme (`mailto:`); its people follow."""
    return _Person() if not any("@" in each for each in person.phrase) else person


def _needed_space(value: str, position: int) -> str:
    return " " if value[position : position + 1] in ("<", '"') else ""


def _made(name: str, address: str, findings: Findings) -> Iterator[Correspondent]:
    address = _address(words.decoded(address, findings))
    if len(address) > limits.ADDRESS_CHARACTERS:
        findings.add("an address that is too long")
        address = ""
    name = clean.label(name, limits.NAME_CHARACTERS).strip("\"' ") if name else ""
    if name or address:
        yield Correspondent(name, address)


def _address(text: str) -> str:
    """Return the address without a route (RFC 5322 4.4), spaces and `mailto:`."""
    text = text.removeprefix("mailto:")
    if text.startswith("@"):
        text = text.rpartition(":")[2]
    return "".join(clean.label(text[: limits.VALUE_CHARACTERS], limits.ADDRESS_CHARACTERS + 1).split())
