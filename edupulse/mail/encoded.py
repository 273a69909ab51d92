"""A template's lines are encoded for the wire once; with each mail only those in which a field stands."""

from __future__ import annotations

import re
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter

from markupsafe import escape

from edupulse.mail.parts import is_mostly_ascii
from edupulse.mail.template import Gap, Template

BASE64_LINE = 76  # characters, RFC 2045 6.8
_SPECIAL = re.compile("[&<>'\"]")

Pick = Callable[[Sequence[str]], object]
Chunk = bytes | tuple[str, Pick]  # ready for the wire, or a pattern and the values that it takes


class Slots:
    """The gaps of all parts of a letter, each once; `fill` gives their values for one mail, in that order."""

    def __init__(self) -> None:
        self._rows: list[tuple[Gap, bool, Template]] = []
        self._places: dict[tuple[Gap, bool], int] = {}

    def place(self, gap: Gap, template: Template) -> int:
        """Return the place of a gap's value."""
        key = (gap, template.part == "html")
        if key not in self._places:
            self._places[key] = len(self._rows)
            self._rows.append((*key, template))
        return self._places[key]

    def fill(self, known: Mapping[str, object]) -> list[str]:
        """Return the values, line breaks as CRLF. Raises MergeError for a field that is not there."""
        values = []
        for gap, is_escaped, template in self._rows:
            value = known.get(gap.name)
            if value is None or value == "" or type(value) is not str:
                value = template.value(gap, known)
            if "\n" in value:
                value = value.replace("\n", "\r\n")
            values.append(escape(value) if is_escaped and _SPECIAL.search(value) else value)
        return values


class Line:
    """A subject, ready to be filled in."""

    def __init__(self, template: Template, slots: Slots) -> None:
        self._template = template
        self._pattern = None
        if not template.program:  # compiles it, if it is one
            self._pattern = _pattern(template.segments or (), template, slots)

    def read(self, values: Sequence[str], known: Mapping[str, object]) -> str:
        """Return it filled in; it may still hold a line break that a field brought."""
        if self._pattern is None:
            return self._template.render(known)
        pattern, pick = self._pattern
        return pattern % pick(values)


class Body:
    """A text part, ready to be filled in, as the bytes that travel."""

    def __init__(self, template: Template, slots: Slots) -> None:
        self._template = template
        fixed = "".join(each for each in template.segments or [template.source] if isinstance(each, str))
        self.encoding = "quoted-printable" if is_mostly_ascii(fixed.encode(errors="replace")) else "base64"
        self._encode = _quoted_printable if self.encoding == "quoted-printable" else _base64
        self._chunks = None if template.program else list(self._prepared(template.segments or (), slots))

    def write(self, out: list[bytes], values: Sequence[str], known: Mapping[str, object]) -> None:
        """Append the encoded text of one mail to `out`."""
        encode = self._encode
        if self._chunks is None:
            out.append(encode(_wire(self._template.render(known))))
            return
        for chunk in self._chunks:
            if isinstance(chunk, bytes):
                out.append(chunk)
            else:
                pattern, pick = chunk
                out.append(encode((pattern % pick(values)).encode(errors="replace")))

    def _prepared(self, segments: Sequence[str | Gap], slots: Slots) -> Iterator[Chunk]:
        # Base64 runs on over the ends of lines: it has one chunk.
        lines = _lines(segments) if self.encoding == "quoted-printable" else [list(_closed(segments))]
        fixed: list[str] = []
        for line in lines:
            if any(isinstance(each, Gap) for each in line):
                yield from self._fixed(fixed)
                fixed = []
                yield _pattern(line, self._template, slots)
            else:
                fixed += (each for each in line if isinstance(each, str))
        yield from self._fixed(fixed)

    def _fixed(self, lines: Sequence[str]) -> Iterator[bytes]:
        if lines:
            yield self._encode(_wire("".join(lines)))


def closed(text: str) -> str:
    """Return a part's text as it is read: it ends with a line break."""
    return text if text.endswith("\n") else text + "\n"


def _wire(text: str) -> bytes:
    return closed(text).replace("\n", "\r\n").encode(errors="replace")


def _closed(segments: Sequence[str | Gap]) -> list[str | Gap]:
    ends = segments and isinstance(segments[-1], str) and segments[-1].endswith("\n")
    return [*segments] if ends else [*segments, "\n"]


def _lines(segments: Sequence[str | Gap]) -> Iterator[list[str | Gap]]:
    line: list[str | Gap] = []
    for segment in _closed(segments):
        for piece in _pieces(segment):
            line.append(piece)
            if isinstance(piece, str) and piece.endswith("\n"):
                yield line
                line = []


def _pieces(segment: str | Gap) -> Iterable[str | Gap]:
    """Cut text after each LF; `str.splitlines` would cut at a dozen other characters too."""
    if not isinstance(segment, str):
        return [segment]
    *whole, rest = segment.split("\n")
    return [*(f"{line}\n" for line in whole), *([rest] if rest else [])]


def _pattern(segments: Sequence[str | Gap], template: Template, slots: Slots) -> tuple[str, Pick]:
    places = [slots.place(each, template) for each in segments if isinstance(each, Gap)]
    text = "".join(each.replace("%", "%%") if isinstance(each, str) else "%s" for each in segments)
    return text.replace("\n", "\r\n"), itemgetter(*places) if places else _nothing


def _nothing(_values: Sequence[str]) -> object:
    return ()


def _quoted_printable(data: bytes) -> bytes:
    return b2a_qp(data, istext=True)


def _base64(data: bytes) -> bytes:
    whole = b2a_base64(data, newline=False)
    lines = [whole[start : start + BASE64_LINE] for start in range(0, len(whole), BASE64_LINE)]
    return b"\r\n".join([*lines, b""])
