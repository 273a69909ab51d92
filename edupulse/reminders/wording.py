"""A mail's words: each shape of a mail is rendered once, and the facts of each person are filled into its gaps.

Rendering is most of the work of composing. Mails differ in their facts, but hardly in their shape (is there a
place, how many lines has the text), so a skeleton with gaps is kept per shape and language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

from markupsafe import escape

from edupulse.mail.render import render_mail

# A gap in a skeleton: characters of Unicode's private use, so that no ordinary text looks like one.
_GAP = re.compile("\ue000([a-z_]+[0-9]*)\ue001")


@dataclass(frozen=True)
class Link:
    """A link with its name for people."""

    name: str
    url: str


@dataclass(frozen=True)
class Facts:
    """What the templates say; what is empty is not spoken of."""

    name: str
    title: str
    start: str
    when: str
    when_there: str
    place: str
    lines: tuple[str, ...]  # of the description
    maps: tuple[Link, ...]
    calendars: tuple[Link, ...]
    reply_to: str
    begun: bool = False
    cause: str = ""
    old_when: str = ""
    old_place: str = ""


def words(template: str, locale: str, facts: Facts) -> tuple[str, str, str]:
    """Return subject, text and HTML; in the HTML every fact is escaped."""
    values: dict[str, str] = {}
    skeleton = _skeleton(template, locale, _shape(facts, values))
    escaped = {name: str(escape(value)) for name, value in values.items()}
    subject, text, html = skeleton
    return _filled(subject, values), _filled(text, values), _filled(html, escaped)


@lru_cache(maxsize=128)
def _skeleton(template: str, locale: str, shape: Facts) -> tuple[str, str, str]:
    return render_mail(template, locale, **{each.name: getattr(shape, each.name) for each in fields(shape)})


def _shape(facts: Facts, values: dict[str, str]) -> Facts:
    """Return the facts with a gap for each text that is there, and keep what fills it in `values`."""

    def gap(name: str, value: str) -> str:
        if not value:
            return ""
        values[name] = value
        return f"\ue000{name}\ue001"

    def links(name: str, found: tuple[Link, ...]) -> tuple[Link, ...]:
        return tuple(Link(each.name, gap(f"{name}{number}", each.url)) for number, each in enumerate(found))

    return Facts(
        name=gap("name", facts.name),
        title=gap("title", facts.title),
        start=gap("start", facts.start),
        when=gap("when", facts.when),
        when_there=gap("when_there", facts.when_there),
        place=gap("place", facts.place),
        lines=tuple(gap(f"line{number}", line) for number, line in enumerate(facts.lines)),
        maps=links("map", facts.maps),
        calendars=links("calendar", facts.calendars),
        reply_to=gap("reply_to", facts.reply_to),
        begun=facts.begun,
        cause=facts.cause,
        old_when=gap("old_when", facts.old_when),
        old_place=gap("old_place", facts.old_place),
    )


def _filled(skeleton: str, values: Mapping[str, str]) -> str:
    # In one pass: what fills a gap is never looked at again, whatever it holds.
    return _GAP.sub(lambda found: values[found[1]], skeleton)
