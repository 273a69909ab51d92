"""A stranger's HTML becomes HTML that does nothing."""

from __future__ import annotations

import re

import nh3

from edupulse.mailboxes.parse import clean, limits

_TAGS = (nh3.ALLOWED_TAGS | {"font", "tfoot"}) - {"area", "map", "nav", "details", "summary"}
_ATTRIBUTES = {
    **nh3.ALLOWED_ATTRIBUTES,
    "font": {"color", "size", "face"},
    "*": {"dir", "lang", "title"},
    "td": nh3.ALLOWED_ATTRIBUTES["td"] | {"valign", "bgcolor", "width"},
    "table": nh3.ALLOWED_ATTRIBUTES["table"] | {"width", "border", "cellpadding", "cellspacing", "bgcolor"},
}
_GONE_WITH_CONTENT = {
    "script",
    "style",
    "title",
    "head",
    "template",
    "noscript",
    "textarea",
    "select",
    "object",
    "svg",
}


def _local_images(tag: str, attribute: str, value: str) -> str | None:
    """Pictures come from the message itself or not at all: a remote one tells that it was read."""
    return None if tag == "img" and attribute == "src" and not value.lower().startswith("cid:") else value


# A relative address would lead into our own pages.
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE_WITH_CONTENT - _TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_local_images,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    url_relative="deny",
)

_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})[^<>]*>?")
# HTML ends these by itself or they hold nothing: they nest only through others that are counted.
_UNCOUNTED = frozenset({
    "p", "li", "tr", "td", "th", "dt", "dd", "tbody", "thead", "tfoot", "colgroup", "option", "html", "body", "head",
    "br", "img", "hr", "meta", "link", "input", "col", "wbr", "area", "base", "source",
})  # fmt: skip
# A browser opens these again in each following paragraph until they are closed (HTML 13.2.4.3): a few hundred of
# them and many paragraphs make a document of gigabytes.
_REOPENED = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_MOST_REOPENED = 400_000  # elements; newsletters have some ten thousand


def sanitised(html: str) -> str:
    """Return HTML without script, form, style and remote pictures, "" for what would grow beyond all measure."""
    html = html[: limits.HTML_BYTES]
    if html.count("<") > limits.TAG_DEPTH:
        if (flattened := _flattened(html)) is None:
            return ""
        html = flattened
    return clean.text(_CLEANER.clean(clean.text(html))).strip()


def _flattened(html: str) -> str | None:
    """Return HTML whose elements lie at most so deep: what is deeper loses its tags. None: it is a bomb."""
    depth = reopened = reopenings = left_out = begin = 0
    pieces: list[str] = []
    for found in _ANY_TAG.finditer(html):
        name = found[2].lower()
        if name in _UNCOUNTED:
            reopenings += reopened
            continue
        step = -1 if found[1] else 1
        reopened = max(0, reopened + step) if name in _REOPENED else reopened
        reopenings += reopened
        if step > 0 and depth >= limits.TAG_DEPTH:
            left_out += 1
        elif step < 0 and left_out:
            left_out -= 1
        else:
            depth = max(0, depth + step)
            continue
        pieces.append(html[begin : found.start()])
        begin = found.end()
    if reopenings > _MOST_REOPENED:
        return None
    return "".join([*pieces, html[begin:]]) if pieces else html
