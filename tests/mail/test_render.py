"""Mails as people see them: styled in their elements, escaped, readable on a phone, at night, as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import css_inline
import pytest
from jinja2 import Environment, FileSystemLoader, UndefinedError

from edupulse.errors import Invalid
from edupulse.mail.inline import inline_template
from edupulse.mail.render import TEMPLATES, render_mail

FACTS: dict[str, Any] = {
    "address": "ann@example.org",
    "server": "mail.example.org:587",
    "asked_at": "2026-03-12 09:00 UTC",
    "base_url": "https://school.example/?a=1&b=2",
}
STYLE = (TEMPLATES / "mail" / "_mail.css").read_text("utf-8")


def test_a_mail_has_a_subject_a_text_and_an_html_part() -> None:
    subject, text, html = render_mail("test", "en", **FACTS)

    assert subject == "EduPulse test mail"
    assert "Sent to: ann@example.org" in text
    assert '<html lang="en"' in html
    assert "ann@example.org" in html


def test_what_people_wrote_is_escaped_in_html_and_not_in_text() -> None:
    _, text, html = render_mail("test", "en", **{**FACTS, "address": "<script>&"})

    assert "&lt;script&gt;&amp;" in html
    assert "<script>" not in html
    assert "Sent to: <script>&" in text


def test_a_missing_fact_is_an_error_and_not_a_gap() -> None:
    with pytest.raises(UndefinedError, match="server"):
        render_mail("test", "en", **{name: value for name, value in FACTS.items() if name != "server"})


def test_a_language_we_do_not_speak_reads_english() -> None:
    assert render_mail("test", "fi", **FACTS)[0] == "EduPulse test mail"


@pytest.mark.parametrize("template", ["test"])
def test_inlining_the_template_once_equals_inlining_every_mail(template: str) -> None:
    plain = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    plain.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    rendered = plain.get_template(f"mail/{template}.html").render(
        {"lang": "en", "brand": "EduPulse", **FACTS}
    )
    inliner = css_inline.CSSInliner(
        inline_style_tags=False, keep_style_tags=True, load_remote_stylesheets=False, extra_css=STYLE
    )

    assert _elements(render_mail(template, "en", **FACTS)[2]) == _elements(inliner.inline(rendered))


def test_every_class_of_the_layout_has_a_style_and_every_style_one_class() -> None:
    selectors = re.findall(r"^([^{}/*\n]+) \{", STYLE, re.MULTILINE)
    assert all(re.fullmatch(r"\.[a-z-]+", selector) for selector in selectors)

    sources = "".join(path.read_text("utf-8") for path in _mail_templates() if path.suffix == ".html")
    used = {name for value in re.findall(r'class="([^"]*)"', sources) for name in value.split()}
    assert {f".{name}" for name in used} <= set(selectors)


def test_the_mail_is_light_readable_and_made_for_phones_and_the_night() -> None:
    html = render_mail("test", "en", **FACTS)[2]

    assert len(html.encode()) < 100_000
    assert "prefers-color-scheme: dark" in html
    assert "max-width: 480px" in html
    assert 'name="color-scheme" content="light dark"' in html
    sizes = [int(size) for size in re.findall(r"font-size: (\d+)px", html)]
    assert sorted(set(sizes)) == [1, 16, 24]  # one pixel is the preheader, which nobody sees
    assert not re.search(r"<(script|link|img|form|iframe)\b|url\(|@import|@font-face", html)


def test_every_layout_table_is_one_and_has_no_meaning() -> None:
    tables = [
        attributes for tag, attributes in _elements(render_mail("test", "en", **FACTS)[2]) if tag == "table"
    ]

    assert tables
    assert all(("role", "presentation") in attributes for attributes in tables)


@pytest.mark.parametrize(("ink", "paper"), [
    ("#1c242c", "#fdfdfc"), ("#535e69", "#fdfdfc"), ("#535e69", "#f2f1ee"), ("#4a5560", "#f2f1ee"),
    ("#1256a0", "#fdfdfc"), ("#1256a0", "#f2f1ee"), ("#ffffff", "#1256a0"), ("#553a08", "#fff4dc"),
    ("#eceff2", "#20252b"), ("#b4bdc7", "#20252b"), ("#b4bdc7", "#16191d"), ("#8fc4ff", "#20252b"),
    ("#8fc4ff", "#16191d"), ("#10243a", "#8fc4ff"), ("#f6e7c6", "#3a3120"),
])  # fmt: skip
def test_contrast_is_enough_for_weak_eyes_by_day_and_by_night(ink: str, paper: str) -> None:
    layout = (TEMPLATES / "mail" / "_layout.html").read_text("utf-8")
    assert ink in STYLE + layout
    assert paper in STYLE + layout

    lighter, darker = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5  # WCAG 2.2, 1.4.3


def test_jinja_survives_inlining_wherever_text_or_a_value_may_stand() -> None:
    source = (
        '{% for x in xs %}<p class="a" title="{{ x }}">{{ x if x > 1 else "<b>" }}</p>{% endfor %}'
        '<table role="presentation">{% if y %}<tr><td>{{ y }}</td></tr>{% endif %}</table>{# note > #}'
    )

    inlined = inline_template(source, ".a { color: red; }")

    assert re.findall(r"\{[{%#].*?[}%#]\}", inlined) == re.findall(r"\{[{%#].*?[}%#]\}", source)
    assert 'style="color: red;"' in inlined
    assert inlined.index("{% if y %}") > inlined.index("<table")


def test_jinja_inside_a_tag_but_outside_a_value_is_refused() -> None:
    with pytest.raises(Invalid, match="quoted attribute value"):
        inline_template('<td {% if x %}class="a"{% endif %}>y</td>', "")


def test_a_layout_without_a_doctype_is_refused() -> None:
    with pytest.raises(Invalid, match="DOCTYPE"):
        inline_template("<html><body></body></html>", "")


def test_every_html_template_of_a_mail_has_its_text_and_its_subject() -> None:
    names = {path.name.split(".")[0] for path in _mail_templates() if not path.name.startswith("_")}

    for name in names:
        assert {path.name for path in _mail_templates() if path.name.startswith(f"{name}.")} == {
            f"{name}.html", f"{name}.txt", f"{name}.subject.txt",
        }  # fmt: skip


def _mail_templates() -> list[Path]:
    return list((TEMPLATES / "mail").iterdir())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, frozenset[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, frozenset(attrs)))

    def handle_data(self, data: str) -> None:
        if text := " ".join(data.split()):
            self.seen.append((f"text {text}", frozenset()))


def _elements(html: str) -> list[tuple[str, frozenset[tuple[str, str | None]]]]:
    reader = _Reader()
    reader.feed(html)
    return reader.seen


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
