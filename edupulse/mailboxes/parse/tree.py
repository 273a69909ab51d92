"""The bytes of a message become parts inside parts, in one pass for each level and within the limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from edupulse.mailboxes.parse import limits, parameters, transfer
from edupulse.mailboxes.parse.fields import Fields, read
from edupulse.mailboxes.parse.findings import Findings


@dataclass(slots=True)
class Part:
    """One part: its fields, its type, and where its body lies in the message's bytes."""

    source: bytes
    begin: int
    end: int
    fields: Fields
    content_type: str
    parameters: dict[str, str]
    disposition: str  # attachment, inline, or ""
    disposition_parameters: dict[str, str]
    encoding: str
    parts: list[Part] = field(default_factory=list)

    def raw(self) -> bytes:
        return self.source[self.begin : self.end]

    def data(self, findings: Findings) -> bytes:
        """Return its bytes as they were before they were encoded for the journey."""
        return transfer.decoded(self.raw(), self.encoding, findings)

    def leaves(self) -> Iterator[Part]:
        """Yield the parts that contain no others, in their order."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            if part.parts:
                waiting.extend(reversed(part.parts))
            else:
                yield part


def grown(source: bytes, findings: Findings) -> Part:
    """Return the whole message as a tree of parts; attached messages are leaves."""
    return _Grower(source, findings).root()


def headed(source: bytes, fields: Fields) -> Part:
    """Return a message of which only the headers are read."""
    content_type, _ = parameters.split(fields.line("content-type"), Findings())
    return Part(source, len(source), len(source), fields, content_type or "text/plain", {}, "", {}, "")


class _Grower:
    def __init__(self, source: bytes, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._count = 0

    def root(self) -> Part:
        root = self._part(0, len(self._source), "text/plain")
        waiting = [(root, 1)]
        while waiting:
            part, depth = waiting.pop()
            if not part.content_type.startswith("multipart/"):
                continue
            if depth > limits.DEPTH:
                self._findings.add("parts too deep inside each other")
                continue
            part.parts = self._inside(part)
            waiting += [(each, depth + 1) for each in part.parts]
        return root

    def _part(self, begin: int, end: int, default: str) -> Part:
        self._count += 1
        fields, body = read(self._source, begin, end, self._findings)
        content_type, given = parameters.split(fields.line("content-type"), self._findings)
        if not parameters.is_media_type(content_type):
            content_type = self._instead(content_type, default)
        disposition, more = parameters.split(fields.line("content-disposition"), self._findings)
        encoding = fields.line("content-transfer-encoding").partition(";")[0].strip().lower()
        return Part(
            self._source, min(body, end), end, fields, content_type, given, disposition, more, encoding
        )

    def _instead(self, claimed: str, default: str) -> str:
        # RFC 2045 5.2: what has no type that can be read is plain text.
        if claimed:
            self._findings.add("unreadable content type")
        return "text/plain" if claimed else default

    def _inside(self, part: Part) -> list[Part]:
        if not (boundary := self._boundary(part)):
            self._findings.add("multipart without a boundary")
            return []
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        parts: list[Part] = []
        for begin, end in self._sections(part, boundary):
            if self._count >= limits.PARTS:
                self._findings.add("very many parts")
                break
            parts.append(self._part(begin, end, default))
        if not parts:
            self._findings.add("multipart without parts")
        return parts

    def _boundary(self, part: Part) -> bytes:
        return (
            parameters.decoded(part.parameters, "boundary", self._findings)
            .rstrip()
            .encode("utf-8", "replace")
        )

    def _sections(self, part: Part, boundary: bytes) -> Iterator[tuple[int, int]]:
        """Yield where each part begins and ends; what follows the closing line is read too if it is a part."""
        begin, closed = -1, False
        for line_begin, line_end, closes in _delimiters(self._source, part.begin, part.end, boundary):
            if begin >= 0:
                yield begin, _without_line_end(self._source, begin, line_begin)
            elif closed and not closes:
                self._findings.add("parts after the end of a multipart")
            begin, closed = (-1 if closes else line_end), closed or closes
        if begin >= 0:
            self._findings.add("multipart without an end")
            yield begin, part.end


def _delimiters(source: bytes, begin: int, end: int, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield each delimiter line: where it begins, where the next one begins, whether it closes (RFC 2046 5.1.1)."""
    marker = b"--" + boundary
    position = source.find(marker, begin, end)
    while position >= 0:
        after = position + len(marker)
        # Looked at once for each line, so that one line full of delimiters costs no more than its length.
        if position == begin or source[position - 1 : position] == b"\n":
            line_end = source.find(b"\n", after, end)
            next_line = line_end + 1 if line_end >= 0 else end
            rest = source[after : min(next_line, after + 200)].rstrip()
            if rest in (b"", b"--"):
                yield position, next_line, rest == b"--"
            after = max(after, next_line - 1)
        position = source.find(marker, after, end)


def _without_line_end(source: bytes, begin: int, end: int) -> int:
    """The line end before a delimiter belongs to the delimiter."""
    if end > begin and source[end - 1 : end] == b"\n":
        end -= 1
        if end > begin and source[end - 1 : end] == b"\r":
            end -= 1
    return end
