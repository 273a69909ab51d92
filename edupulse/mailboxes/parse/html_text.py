"""Sanitised HTML becomes lines of text, in one pass."""

from __future__ import annotations

import re
from html import unescape

from edupulse.mailboxes.parse import clean, limits

_CLEAN_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_HREF = re.compile(r'\bhref="([^"]*)"')
_ALT = re.compile(r'\balt="([^"]*)"')
_SPACES = re.compile(r"[ \t\n\f]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_LINES = frozenset(
    {"div", "tr", "li", "dt", "dd", "header", "footer", "center", "figure", "figcaption", "caption"}
)
_PARAGRAPHS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "dl", "section", "article",
    "aside", "hr",
})  # fmt: skip


def as_text(sanitised_html: str) -> str:
    """Return what a reader sees of sanitised HTML; quotations keep their `>`, links say where they lead."""
    reader = _Reader()
    position = 0
    for tag in _CLEAN_TAG.finditer(sanitised_html):
        reader.say(sanitised_html[position : tag.start()])
        reader.take(tag)
        position = tag.end()
    reader.say(sanitised_html[position:])
    return reader.text()


def bare_text(html: str) -> str:
    """Return the text of HTML that is not worth reading properly: all tags taken out."""
    return clean.text(unescape(re.sub(r"<[^<>]*>", " ", html[: limits.TEXT_BYTES])))


class _Reader:
    """Collects lines: breaks are remembered and written when words follow."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._quotes = 0
        self._verbatim = 0
        self._links: list[
            tuple[str, int, int]
        ] = []  # address, and the line and the piece where its words begin

    def say(self, escaped: str) -> None:
        if not escaped:
            return
        words = unescape(escaped) if "&" in escaped else escaped
        if self._verbatim:
            first, *rest = words.split("\n")
            self._line.append(first)
            for line in rest:
                self._end_line()
                self._line.append(line)
            return
        words = _SPACES.sub(" ", words)
        if words != " " or self._line:
            self._line.append(words if self._line else words.lstrip(" "))

    def take(self, tag: re.Match[str]) -> None:
        closes, name = bool(tag[1]), tag[2]
        if name == "br" or name in _LINES:
            if name == "br" or self._line:
                self._end_line()
        elif name == "blockquote":
            self._quote(closes)
        elif name in _PARAGRAPHS:
            self._end_paragraph()
        elif name in ("td", "th") and not closes and self._line:
            self._line.append("  ")
        elif name == "a":
            self._link(closes, tag[3])
        elif name == "img" and (alt := _ALT.search(tag[3])):
            self.say(alt[1])
        if name == "pre":
            self._verbatim = max(0, self._verbatim + (-1 if closes else 1))
        elif name == "li" and not closes:
            self._line.append("- ")

    def text(self) -> str:
        self._end_line()
        return _EMPTY_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")

    def _quote(self, closes: bool) -> None:
        """The empty line around a quotation belongs to what is around it."""
        if not closes:
            self._end_paragraph()
        elif self._line:
            self._end_line()
        self._quotes = max(0, self._quotes + (-1 if closes else 1))
        if closes:
            self._end_paragraph()

    def _link(self, closes: bool, attributes: str) -> None:
        if not closes:
            found = _HREF.search(attributes)
            self._links.append((unescape(found[1]) if found else "", len(self._lines), len(self._line)))
        elif self._links:
            address, line, piece = self._links.pop()
            words = "".join(self._line[piece:]).strip() if line == len(self._lines) else ""
            shown = address.removeprefix("mailto:")
            if shown and not shown.startswith("cid:") and words not in (shown, address):
                self._line.append(f" <{shown}>" if words else f"<{shown}>")

    def _end_paragraph(self) -> None:
        if self._line:
            self._end_line()
        if self._lines and self._lines[-1].strip("> "):
            self._lines.append(("> " * min(self._quotes, 20)).rstrip())

    def _end_line(self) -> None:
        line = "".join(self._line).replace("\xa0", " ").rstrip()
        self._lines.append("> " * min(self._quotes, 20) + line if self._quotes else line)
        self._line = []
