"""Lines that a program broke softly become the paragraphs that were written (RFC 3676)."""

from __future__ import annotations

import re

_QUOTED = re.compile(r">*")
_SIGNATURE = "-- "


def unflowed(text: str, *, joins: bool = False) -> str:
    """Return text whose soft line ends are gone; with `joins` (DelSp=yes) the space at the end goes too."""
    lines: list[str] = []
    open_pieces: list[str] = []
    open_depth = -1
    for raw in text.split("\n"):
        depth, line = _depth_and_line(raw)
        if open_depth != depth or line == _SIGNATURE:
            _close(lines, open_pieces, open_depth)
        open_depth = depth
        is_soft = line.endswith(" ") and line != _SIGNATURE
        open_pieces.append(line[:-1] if is_soft and joins else line)
        if not is_soft:
            _close(lines, open_pieces, open_depth)
    _close(lines, open_pieces, open_depth)
    return "\n".join(lines)


def _depth_and_line(raw: str) -> tuple[int, str]:
    depth = _QUOTED.match(raw).end()  # type: ignore[union-attr]  # it matches the empty row too
    return depth, raw[depth:].removeprefix(" ")


def _close(lines: list[str], pieces: list[str], depth: int) -> None:
    if pieces:
        lines.append(">" * depth + (" " if depth else "") + "".join(pieces))
        pieces.clear()
