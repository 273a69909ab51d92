"""A letter as a person wrote it becomes templates that are ready: checked, styled, with a text and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import escape

from edupulse.errors import Invalid
from edupulse.mail.inline import inline_strange
from edupulse.mail.merge import MergeError, forbidden
from edupulse.mail.plaintext import plain_text
from edupulse.mail.template import Template, one_line

__all__ = [
    "BUILT_IN", "LetterHead", "LetterText", "MergeError", "Prepared", "check_letter", "prepare"
]  # fmt: skip

BUILT_IN = frozenset({"name", "address", "unsubscribe_url", "title"})  # known of everybody
LINK = "unsubscribe_url"
_STYLE_BEGIN = re.compile(r"<style\b[^>]*>", re.IGNORECASE)
_STYLE_END = re.compile(r"</style\s*>", re.IGNORECASE)
_TAG = re.compile(r"<[a-zA-Z]")
MOST_ELEMENTS = 20_000  # that get styles; a newsletter has a few hundred
MOST_STYLING = 100_000_000  # characters of rules times elements, the most that could be written into them
_BODY_END = re.compile(r"</body\s*>|</html\s*>", re.IGNORECASE)
_JINJA = re.compile(r"\{\{|\{%|\{#")

_WORDS = {
    "en": ("You get this mail because you are on our list.", "Unsubscribe"),
    "zh": ("您收到此邮件，是因为您在我们的邮件名单中。", "退订"),
}
_TEXT_FOOTER = "\n\n---\n{why}\n{press}: {{{{ unsubscribe_url }}}}\n"
_HTML_FOOTER = (
    '<p style="margin:32px 0 0;padding:16px 0 0;border-top:1px solid #dddad3;font-family:Arial,sans-serif;'
    'font-size:14px;line-height:22px;color:#535e69">{why} '
    '<a href="{{{{ unsubscribe_url }}}}" style="color:#1256a0">{press}</a></p>\n'
)


@dataclass(frozen=True)
class LetterText:
    """What a mailing says in one language: Jinja templates of the recipient's fields."""

    subject: str
    text: str = ""  # empty: made from the HTML
    html: str = ""  # empty: the mail is plain text
    locale: str = "en"


@dataclass(frozen=True)
class LetterHead:
    """Who writes, and as what."""

    sender_address: str  # may carry a name
    reply_to: str = ""
    purpose: str = "newsletter"
    mailing_id: int = 0
    title: str = ""
    is_test: bool = False  # its subject says so, and its link takes nobody off the list


@dataclass(frozen=True)
class Prepared:
    """The templates of one letter. `footers` are the parts that got a way out because they showed none."""

    subject: Template
    text: Template
    html: Template | None
    footers: frozenset[str]
    text_is_made: bool  # from the HTML

    @property
    def fields(self) -> frozenset[str]:
        """Return the recipient's fields that it asks for."""
        parts = (self.subject, self.text, self.html)
        return frozenset().union(*(part.names for part in parts if part)) - BUILT_IN


def check_letter(letter: LetterText, purpose: str = "newsletter") -> None:
    """Raise MergeError for the first thing in a letter that cannot become a mail, whoever gets it."""
    prepare(letter, purpose)


def prepare(letter: LetterText, purpose: str = "newsletter") -> Prepared:
    """Return a letter's templates: styles inlined, the text made where there is none, footers added.

    Raises MergeError, naming the part and line as they were written.
    """
    subject = Template(one_line(letter.subject), "subject", locale=letter.locale)
    written_html = Template(letter.html, "html", locale=letter.locale)
    needs_link = purpose == "newsletter"
    html = _document(letter) if letter.html.strip() else ""
    footers = set()
    if html and needs_link and LINK not in written_html.always_shows:
        html = _with_html_footer(html, letter.locale)
        footers.add("html")
    is_made = bool(html) and not letter.text.strip()
    text = _made_text(html, written_html) if is_made else _written_text(letter)
    if needs_link and LINK not in text.always_shows:
        text = _with_text_footer(letter, text)
        footers.add("text")
    if not needs_link:
        _refuse_link(subject, text, written_html)
    ready = Template(_styled(html), "html", locale=letter.locale, made_from=written_html) if html else None
    return Prepared(subject, text, ready, frozenset(footers), is_made)


def _written_text(letter: LetterText) -> Template:
    return Template(letter.text.rstrip() + "\n", "text", locale=letter.locale)


def _made_text(html: str, written: Template) -> Template:
    try:
        return Template(plain_text(html), "text", locale=written.locale, made_from=written)
    except MergeError as error:
        raise forbidden(
            f"has no text beside it, and none can be made: {error.message}", "html", 0,
            cure="Write the text yourself, or put each {% if %} and {% for %} outside of tags and remarks.",
        ) from None  # fmt: skip


def _with_text_footer(letter: LetterText, text: Template) -> Template:
    why, press = _words(letter.locale)
    source = text.source.rstrip() + _TEXT_FOOTER.format(why=why, press=press)
    return Template(source, "text", locale=letter.locale, made_from=text)


def _with_html_footer(html: str, locale: str) -> str:
    why, press = _words(locale)
    ends = _BODY_END.search(html)
    place = ends.start() if ends else len(html)
    return html[:place] + _HTML_FOOTER.format(why=why, press=press) + html[place:]


def _words(locale: str) -> tuple[str, str]:
    return _WORDS.get(locale[:2].lower(), _WORDS["en"])


def _refuse_link(*templates: Template) -> None:
    for template in templates:
        if LINK in template.names:
            raise forbidden(
                "shows an unsubscribe link, but this is a mail that people need and cannot refuse",
                template.blamed, template.lines.get(LINK, 0), field=LINK,
                cure="Remove the link, or make it a newsletter.",
            )  # fmt: skip


def _document(letter: LetterText) -> str:
    """Return the HTML as a whole document: a fragment gets a frame that says its language and characters."""
    html = letter.html.strip()
    if not re.search(r"<html\b", html, re.IGNORECASE):
        return (
            f'<!DOCTYPE html>\n<html lang="{escape(letter.locale)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n</head>\n<body>\n'
            f"{html}\n</body>\n</html>\n"
        )
    begin = "" if re.search(r"<!DOCTYPE\b", html, re.IGNORECASE) else "<!DOCTYPE html>\n"
    end = "\n" if re.search(r"</html\s*>", html, re.IGNORECASE) else "\n</html>\n"
    return begin + html + end


def _styled(html: str) -> str:
    """Return the document with the rules of its own <style> elements in its elements; nothing is fetched."""
    rules = "\n".join(_rules(html))
    if not rules.strip():
        return html
    if _JINJA.search(rules):
        raise forbidden(
            "has a field in its style sheet", "html", 0,
            cure="Write fields into the text; in a style sheet put a space between { and #.",
        )  # fmt: skip
    elements = len(_TAG.findall(html))
    if elements > MOST_ELEMENTS or len(rules) * elements > MOST_STYLING:
        raise forbidden(
            "has too many elements for so large a style sheet",
            "html",
            0,
            cure="Remove the rules it does not use.",
        )
    try:
        return inline_strange(html, rules)
    except Invalid as error:
        raise forbidden(
            f"cannot get its styles: {error.message.rstrip('.')}", "html", 0, cure=error.cure
        ) from None


def _rules(html: str) -> Iterator[str]:
    position = 0
    while (begin := _STYLE_BEGIN.search(html, position)) and (end := _STYLE_END.search(html, begin.end())):
        yield html[begin.end() : end.start()]
        position = end.end()
