"""A letter in HTML gets the text that stands beside it, once for all mails: its fields stay where they are."""

from __future__ import annotations

import re
from html import unescape

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_ATTRIBUTE = re.compile(r"([^\s/>=]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*))?|[\s/=]+")
_RAW = frozenset({"script", "style", "title", "textarea", "template"})  # what stands in them is no HTML
_MARKED = re.compile("\ufdd0(\\d+)\ufdd1")  # characters that no text may contain: they stand for Jinja
_UNSEEN = frozenset({"head", "style", "script", "title", "template", "noscript"})
_PARAGRAPHS = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "dl", "section", "article",
})  # fmt: skip
_LINES = frozenset(
    {"div", "tr", "li", "br", "dt", "dd", "header", "footer", "center", "figure", "figcaption"}
)
_CELLS = frozenset({"td", "th"})
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_EMPTY = frozenset({"br", "img", "hr", "meta", "link", "input", "col", "wbr", "area", "base", "source"})


def plain_text(html: str) -> str:
    """Return what a reader sees of `html` as lines of text; links and pictures say their address or words."""
    tokens: list[str] = []

    def keep(found: re.Match[str]) -> str:
        tokens.append(found[0])
        return f"\ufdd0{len(tokens) - 1}\ufdd1"

    reader = _Reader()
    reader.feed(_JINJA.sub(keep, html))
    return _MARKED.sub(lambda found: tokens[int(found[1])], reader.text())


class _Reader:
    """Reads HTML once from left to right: Python's own parser needs minutes for a long row of beginnings."""

    def __init__(self) -> None:
        self._lines: list[str] = [""]
        self._unseen: list[str] = []  # open elements since the first that is not shown
        self._lists: list[int | None] = []  # the number of the next item, None in a list without numbers
        self._links: list[tuple[str, int, int]] = []  # address, and the line and column where its words begin
        self._verbatim = 0

    def feed(self, html: str) -> None:
        small, position = html.lower(), 0
        while position < len(html):
            begin = html.find("<", position)
            self._take_text(unescape(html[position : begin if begin >= 0 else len(html)]))
            if begin < 0:
                return
            if tag := _TAG.match(html, begin):
                position = self._take_tag(html, small, tag)
            elif html.startswith("<!--", begin):
                position = _after(html, "-->", begin + 4)
            elif html.startswith(("<!", "<?", "</"), begin):
                position = _after(html, ">", begin)
            else:
                self._take_text("<")
                position = begin + 1

    def _take_tag(self, html: str, small: str, tag: re.Match[str]) -> int:
        """Act on a tag and return where it ends; one that never ends is not shown, as in browsers."""
        name, position, given = tag[2].lower(), tag.end(), {}
        while found := _ATTRIBUTE.match(html, position):
            position = found.end()
            if found[1]:
                given[found[1].lower()] = unescape((found[2] or "").strip("\"'"))
        if position >= len(html):
            return position
        if tag[1]:
            self._end(name)
        elif name in _RAW:
            return _after(html, ">", _after(small, f"</{name}", position))
        else:
            self._begin(name, given)
        return position + 1 if html[position] == ">" else position

    def text(self) -> str:
        lines = (line.rstrip() for line in self._lines)
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"

    def _begin(self, tag: str, given: dict[str, str]) -> None:
        if self._unseen or tag in _UNSEEN or _HIDDEN.search(given.get("style", "")):
            self._unseen += [] if tag in _EMPTY else [tag]
            return
        self._break(tag)
        if tag == "a":
            self._links.append((given.get("href", ""), len(self._lines) - 1, len(self._lines[-1])))
        elif tag == "img":
            self._say(given.get("alt", ""))
        elif tag == "hr":
            self._lines += ["-" * 20, ""]
        elif tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "li":
            self._say(self._bullet())
        self._verbatim += tag == "pre"

    def _end(self, tag: str) -> None:
        if self._unseen:
            if tag in self._unseen:
                del self._unseen[len(self._unseen) - 1 - self._unseen[::-1].index(tag) :]
            return
        if tag == "a" and self._links:
            self._end_link(*self._links.pop())
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        self._verbatim -= tag == "pre" and self._verbatim > 0
        if tag != "br":
            self._break(tag)

    def _take_text(self, data: str) -> None:
        if self._unseen:
            return
        if self._verbatim:
            first, *rest = data.split("\n")
            self._lines[-1] += first
            self._lines += rest
        else:
            self._say(data)

    def _say(self, data: str) -> None:
        # The no-break space is none of these: it stays.
        words = re.sub(r"[ \t\r\n\f]+", " ", data)
        self._lines[-1] += words.lstrip(" ") if self._lines[-1][-1:] in ("", " ") else words

    def _break(self, tag: str) -> None:
        if tag in _CELLS and self._lines[-1].strip():
            self._lines[-1] = self._lines[-1].rstrip(" ") + "  "
        elif tag == "br" or (tag in _LINES and self._lines[-1]):
            self._lines.append("")
        elif tag in _PARAGRAPHS or tag == "hr":
            self._lines += [""] if not self._lines[-1] else ["", ""]

    def _bullet(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "- "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _end_link(self, href: str, line: int, column: int) -> None:
        words = " ".join([self._lines[line][column:], *self._lines[line + 1 :]]).strip()
        address = href.strip().removeprefix("mailto:")
        if address and not address.startswith("#") and address != words:
            # In angle brackets, so that no program takes what follows for a part of it (RFC 3986 appendix C).
            self._lines[-1] = self._lines[-1].rstrip(" ") + f" <{address}>"


def _after(text: str, word: str, position: int) -> int:
    """Return where the next `word` ends, or the text if there is none."""
    found = text.find(word, position)
    return found + len(word) if found >= 0 else len(text)
