"""Lines of a calendar file (RFC 5545 section 3.1) are written and read here: escapes, folding, parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

WIDTH = 75  # octets in a line, without its end (RFC 5545 section 3.1)
LONGEST_LINE = 100_000  # characters of one unfolded line that is read; attachments are longer and of no use
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f]"
)  # a text may hold line feeds and tabs, nothing else of the kind
NAME = r"[A-Za-z0-9-]+"
VALUE = r'(?:"[^"]*+"|[^";:,]*+)'
LINE = re.compile(rf"(?P<name>{NAME})(?P<params>(?:;{NAME}={VALUE}(?:,{VALUE})*)*):(?P<value>.*)", re.DOTALL)
PARAMETER = re.compile(rf";({NAME})=({VALUE}(?:,{VALUE})*)")
ENDS = re.compile(r"\r\n|\n|\r")
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
CARET = {"^n": "\n", "^'": '"', "^^": "^"}  # RFC 6868: what a parameter cannot hold as it is


@dataclass(frozen=True)
class Line:
    """One line as read: its number in the file, its name in capitals, its parameters and its raw value."""

    number: int
    name: str
    value: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The value as text, with its escapes undone."""
        return unescape(self.value)


def write_line(name: str, value: str, **params: str) -> bytes:
    """Return a line, folded at 75 octets without cutting a character in two; `value` is already escaped."""
    said = "".join(f";{key}={_parameter(text)}" for key, text in params.items())
    octets = f"{name}{said}:{value}".encode("utf-8", "replace")
    return (octets if len(octets) <= WIDTH else _folded(octets)) + b"\r\n"


def escape(text: str) -> str:
    """Escape a text value; control characters are left out, so that nobody writes a line of their own."""
    clean = CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return clean.replace("\\", "\\\\").replace("\n", "\\n").replace(";", "\\;").replace(",", "\\,")


def unescape(value: str) -> str:
    """Undo the escapes of a text value."""
    return ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def unfold(text: str) -> Iterator[tuple[int, str]]:
    """Yield each logical line with the number of the physical line it begins on; empty ones are left out."""
    begin, pieces = 0, [""]
    for number, physical in enumerate(ENDS.split(text), start=1):
        if physical[:1] in (" ", "\t"):
            pieces.append(physical[1:])
            continue
        if any(pieces):
            yield begin, "".join(pieces)
        begin, pieces = number, [physical]
    if any(pieces):
        yield begin, "".join(pieces)


def read_line(number: int, text: str) -> Line | None:
    """Return the line in its parts, None where it is no content line or far too long."""
    found = LINE.fullmatch(text) if len(text) <= LONGEST_LINE else None
    if not found:
        return None
    params = {name.upper(): _plain(value) for name, value in PARAMETER.findall(found["params"])}
    return Line(number, found["name"].upper(), found["value"], params)


def _folded(octets: bytes) -> bytes:
    pieces, begin, room = [], 0, WIDTH
    while begin < len(octets):
        end = begin + room
        while end < len(octets) and octets[end] & 0xC0 == 0x80:  # inside a character of UTF-8
            end -= 1
        pieces.append(octets[begin:end])
        begin, room = end, WIDTH - 1  # the blank that marks a continued line counts
    return b"\r\n ".join(pieces)


def _parameter(text: str) -> str:
    """Quote a parameter's value, by RFC 6868 where it holds a quotation mark or a line feed."""
    plain = CONTROL.sub("", text).replace("^", "^^").replace("\n", "^n").replace('"', "^'")
    return f'"{plain}"' if re.search("[,;:]", plain) else plain


def _plain(value: str) -> str:
    """Return a parameter's value without quotation marks; of several, all, with commas."""
    return re.sub(r"\^[n'^]", lambda found: CARET[found[0]], value.replace('"', ""))
