"""A block of headers becomes fields in their order, whatever stands between them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from edupulse.mailboxes.parse import limits, words
from edupulse.mailboxes.parse.findings import Findings

_END = re.compile(rb"\n\r*\n")
_BETWEEN = re.compile(rb"\r*\n(?![ \t])")
# Printable ASCII but the colon (RFC 5322 2.2); some programs put a space before the colon.
_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_KNOWN = re.compile(
    rb"(content-|mime-|x-|list-|dkim-|arc-|received|authentication-|return-path|from|to|cc|bcc|sender|reply-to|subject"
    rb"|date|message-id|in-reply-to|references)[!-9;-~]{0,200}[ \t]*:",
    re.IGNORECASE,
)


class Fields:
    """The fields of one block: raw values in order, and by name in lower case."""

    __slots__ = ("_by_name", "_findings", "ordered")

    def __init__(self, ordered: list[tuple[str, bytes]], findings: Findings) -> None:
        self.ordered = ordered
        self._findings = findings
        self._by_name: dict[str, list[bytes]] = {}
        for name, value in ordered:
            self._by_name.setdefault(name.lower(), []).append(value)

    def names(self) -> Iterator[str]:
        return iter(self._by_name)

    def count(self, name: str) -> int:
        return len(self._by_name.get(name, ()))

    def line(self, name: str) -> str:
        """Return the first field of that name as one line, encoded words still in it; "" if there is none."""
        values = self._by_name.get(name)
        return words.unfolded(values[0], self._findings) if values else ""

    def lines(self, name: str, most: int) -> list[str]:
        return [words.unfolded(value, self._findings) for value in self._by_name.get(name, ())[:most]]

    def text(self, name: str) -> str:
        """Return the first field of that name as text."""
        return words.decoded(self.line(name), self._findings)

    def has(self, name: str) -> bool:
        return name in self._by_name


def read(data: bytes, begin: int, end: int, findings: Findings) -> tuple[Fields, int]:
    """Return the fields of the block that begins at `begin`, and where the body begins."""
    block_end, body = _extent(data, begin, end, findings)
    ordered: list[tuple[str, bytes]] = []
    position = begin
    for line in _BETWEEN.split(data[begin:block_end]):
        if found := _FIELD.match(line):
            ordered.append(
                (found[1].decode("ascii"), line[found.end() : found.end() + limits.VALUE_CHARACTERS])
            )
        elif line.strip() and not _is_envelope(line, position == begin):
            if not _goes_on(data, position + len(line), block_end):
                findings.add("no empty line between headers and text")
                return Fields(ordered, findings), position
            findings.add("a line among the headers that is none")
        if len(ordered) >= limits.HEADER_FIELDS:
            findings.add("very many headers")
            break
        position = _after(data, position + len(line), block_end)
    return Fields(ordered, findings), body


def group(data: bytes, findings: Findings) -> Fields:
    """Return the fields of a block in which nothing else stands: a line that is none goes on with the one above it."""
    ordered: list[tuple[str, bytes]] = []
    for line in _BETWEEN.split(data[: limits.HEADER_BYTES], limits.HEADER_FIELDS)[: limits.HEADER_FIELDS]:
        if found := _FIELD.match(line):
            ordered.append((found[1].decode("ascii"), line[found.end() :]))
        elif ordered and line.strip() and len(ordered[-1][1]) < limits.KEPT_CHARACTERS:
            name, value = ordered.pop()
            ordered.append((name, value + b" " + line))
    return Fields(ordered, findings)


def _extent(data: bytes, begin: int, end: int, findings: Findings) -> tuple[int, int]:
    """Return where the headers end and where the body begins."""
    if data[begin : begin + 1] == b"\n" or data[begin : begin + 2] == b"\r\n":
        return begin, data.index(b"\n", begin) + 1
    most = min(end, begin + limits.HEADER_BYTES)
    if found := _END.search(data, begin, most):
        return found.start(), found.end()
    if most == end:
        return end, end
    findings.add("very long headers")
    cut = data.rfind(b"\n", begin, most)
    return (cut, cut + 1) if cut > begin else (most, most)


def _is_envelope(line: bytes, is_first: bool) -> bool:
    """Whether it is the line that mbox files put before a message."""
    return is_first and line.startswith((b"From ", b">From "))


def _goes_on(data: bytes, position: int, end: int) -> bool:
    """Whether a known field follows: then the odd line is only odd, and not the beginning of the text."""
    following = _after(data, position, end)
    return following < end and _KNOWN.match(data, following) is not None


def _after(data: bytes, position: int, end: int) -> int:
    line_end = data.find(b"\n", position, end)
    return line_end + 1 if line_end >= 0 else end
