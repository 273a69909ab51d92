"""The kinds of file: each turns rows into pieces, and pieces into a whole."""

from __future__ import annotations

from edupulse.errors import Invalid
from edupulse.exports.formats.format import Format
from edupulse.exports.formats.lines import LINES
from edupulse.exports.formats.separated import SEPARATED
from edupulse.exports.formats.sheet import SHEET

FORMATS: dict[str, Format] = {each.name: each for each in (SEPARATED, LINES, SHEET)}


def known_format(name: str) -> Format:
    """Return the kind of file of that name; raises Invalid."""
    if name in FORMATS:
        return FORMATS[name]
    words = f"There is no export as “{name[:20]}”."
    raise Invalid(words, cure=f"Choose one of {', '.join(FORMATS)}.", field="format")
