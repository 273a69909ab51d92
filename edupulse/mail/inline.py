"""A mail template gets its styles written into its elements, its Jinja untouched, once for all mails."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator

import css_inline

from edupulse.errors import Invalid

# Where Jinja may stand: `{{ value }}`, `{% statement %}`, `{# comment #}`.
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HTML = re.compile(
    r"(?P<comment><!--.*?-->)"
    r"|(?P<raw><(?P<name>title|style)\b[^>]*>.*?</(?P=name)>)"
    r"|(?P<tag><[a-zA-Z/!](?:\"[^\"]*\"|'[^']*'|[^\"'>])*>)",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE_VALUE = re.compile(r"=\s*(\"[^\"]*\"|'[^']*')")
_MARK = "jinja{}end"  # what a parser of HTML passes through unchanged wherever text may stand
_MARKED = re.compile(r"<!--jinja(\d+)end-->|jinja(\d+)end")

# The inliner goes as deep as elements lie in one another, a kilobyte of stack each; beyond its end the whole process
# dies. So deep a stack costs nothing until it is used.
_DEEP_STACK = 256 * 1024 * 1024  # bytes; enough for MOST_ELEMENTS of letters.py, each bringing four levels
_stack_size = threading.Lock()

# Nothing is fetched, and <style> stays as it is: media queries cannot live in an element.
_INLINER = css_inline.CSSInliner(inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False)


def inline_template(source: str, css: str) -> str:
    """Return the Jinja template `source` with the rules of `css` written into its elements.

    `source` is a whole document or a fragment whose elements are closed. Raises Invalid where
    Jinja stands inside a tag but outside a quoted attribute value: no parser keeps it there.
    """
    _refuse_unclosed(source.lower())
    tokens: list[str] = []
    protected = _protect(source, tokens)
    inlined = (
        _inline_document(protected, css)
        if _is_document(protected)
        else _INLINER.inline_fragment(protected, css)
    )
    restored = _MARKED.sub(lambda found: tokens[int(found[1] or found[2])], inlined)
    if len(_JINJA.findall(restored)) != len(tokens):
        raise Invalid(
            "A template lost part of its Jinja while its styles were inlined.", cure="Close every element."
        )
    return restored


def inline_strange(source: str, css: str) -> str:
    """Do the same for what a person wrote, however deep its elements lie in one another. Raises Invalid."""
    done: list[str | Exception] = []

    def work() -> None:
        try:
            done.append(inline_template(source, css))
        except (Invalid, css_inline.InlineError) as error:
            done.append(error)

    _on_a_deep_stack(work)
    if isinstance(done[0], css_inline.InlineError):
        raise Invalid(f"The style sheet cannot be used: {done[0]}.", cure="Correct it, or remove it.")
    if isinstance(done[0], Exception):
        raise done[0]
    return done[0]


def _on_a_deep_stack(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work, name="inline")
    with _stack_size:
        before = threading.stack_size(_DEEP_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join()


def _is_document(source: str) -> bool:
    return re.search(r"<html\b", source, re.IGNORECASE) is not None


def _inline_document(source: str, css: str) -> str:
    # A parser moves what stands before <!DOCTYPE> or after </html>: keep those parts out of its hands.
    begin, end = (
        re.search(r"<!DOCTYPE", source, re.IGNORECASE),
        re.search(r"</html\s*>", source, re.IGNORECASE),
    )
    if begin is None or end is None:
        raise Invalid("A mail layout begins with <!DOCTYPE html> and ends with </html>.")
    inliner = css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=css
    )
    return source[: begin.start()] + inliner.inline(source[begin.start() : end.end()]) + source[end.end() :]


def _protect(source: str, tokens: list[str]) -> str:
    # First every piece of Jinja becomes a plain word, then, by where the word stands, a comment:
    # inside <table> loose text would be moved out of it, a comment stays.
    def keep(found: re.Match[str]) -> str:
        tokens.append(found[0])
        return _MARK.format(len(tokens) - 1)

    return "".join(_placed(_JINJA.sub(keep, source)))


def _placed(marked: str) -> Iterator[str]:
    position = 0
    for found in _HTML.finditer(marked):
        yield _as_comments(marked[position : found.start()])
        if found["tag"]:
            _require_quoted(found["tag"])
        yield found[0]
        position = found.end()
    yield _as_comments(marked[position:])


def _as_comments(text: str) -> str:
    return _MARKED.sub(r"<!--\g<0>-->", text)


def _refuse_unclosed(source: str) -> None:
    # Also so that each search for an end finds one: else a long source of beginnings would take minutes.
    for begin, end in (("<!--", "-->"), ("<title", "</title>"), ("<style", "</style>")):
        if source.rfind(begin) > source.rfind(end):
            raise Invalid(f"A {begin} has no {end}.", cure="Close it.")


def _require_quoted(tag: str) -> None:
    if _MARKED.search(_ATTRIBUTE_VALUE.sub("", tag)):
        raise Invalid(
            "In a mail template Jinja may stand in a tag only inside a quoted attribute value.",
            cure='Write {% if x %}<td class="a">{% else %}<td class="b">{% endif %} instead.',
        )
