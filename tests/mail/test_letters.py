"""What a letter may say: fields, choices, loops and nothing else; in bounded time, with errors a teacher can act on."""

from __future__ import annotations

from typing import Any

import pytest

from edupulse.mail import filters, sandbox
from edupulse.mail.letters import LetterText, MergeError, check_letter, prepare
from edupulse.mail.plaintext import plain_text
from edupulse.mail.template import Template

CSS = "<style>p { color: #112233 } @media print { p { color: black } }</style>"


def filled(source: str, part: str = "text", locale: str = "en", **fields: Any) -> str:
    """Return a template filled in with fields."""
    return Template(source, part, locale=locale).render(fields)


def refusal_of(source: str, part: str = "text", **fields: Any) -> MergeError:
    """Return why a template cannot be filled in."""
    with pytest.raises(MergeError) as refusal:
        filled(source, part, **fields)
    return refusal.value


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Dear {{ 姓名 }}", "Dear 张伟"),
        ("{{ first_name|upper }} {{ first_name|lower }}", "ANN ann"),
        ("{{ nick|default('friend') }}", "friend"),
        ("{{ empty|default('friend') }}", "friend"),
        ("{{ empty|d('friend')|title }}", "Friend"),
        ("{{ '  x '|trim }}{{ 'aB'|capitalize }}", "xAb"),
        ("{% if age|number > 9 %}big{% else %}small{% endif %}", "big"),
        ("{% if nick is defined %}a{% elif empty %}b{% else %}c{% endif %}", "c"),
        ("{% for each in courses|split(';') %}{{ loop.index }} {{ each }}\n{% endfor %}", "1 Piano\n2 Choir\n"),
        ("{{ courses|split(';')|join(' and ') }}", "Piano and Choir"),
        ("{{ children|length }} {{ children[0].name }} {{ (children|last).name }}", "2 Bo Cy"),
        ("{{ day|date }}", "March 12, 2026"),
        ("{{ day|date('short') }}", "3/12/26"),
        ("{{ 'a long sentence for a list'|truncate(10) }}", "a long..."),
        ("{{ 'yes' if first_name == 'Ann' and not empty else 'no' }}", "yes"),
        ("100 % {# remark #}{{ '{{' }}", "100 % {{"),
        ("a\n{% if empty %}\nb\n{% endif %}\nc {% if first_name %}d{% endif %}\ne", "a\nc d\ne"),
    ],
)  # fmt: skip
def test_a_letter_fills_in_chooses_and_repeats(source: str, expected: str) -> None:
    fields = {
        "姓名": "张伟", "first_name": "Ann", "empty": "", "age": "12", "courses": "Piano; Choir;", "day": "2026-03-12",
        "children": [{"name": "Bo"}, {"name": "Cy"}],
    }  # fmt: skip

    assert filled(source, **fields) == expected


def test_an_empty_field_where_a_number_is_needed_says_how_to_allow_for_it() -> None:
    refusal = refusal_of("{% if seats|number > 1 %}many{% endif %}", seats="")

    assert "needs a number" in refusal.message
    assert filled('{% if seats|default("0")|number > 1 %}many{% endif %}', seats="") == ""
    assert '|default("0")|number' in refusal.cure


def test_dates_are_written_in_the_language_of_the_letter() -> None:
    assert filled("{{ day|date }}", locale="zh", day="2026-03-12") == "2026年3月12日"


@pytest.mark.parametrize(
    "source",
    [
        "{{ config }}", "{{ self }}", "{{ request }}", "{{ cycler }}", "{{ range }}", "{{ lipsum }}", "{{ loop }}",
        "{{ name.upper }}", "{{ name.__class__ }}", "{{ name['__class__'] }}", "{{ ''.__class__.__mro__ }}",
        "{{ name|attr('__class__') }}", "{{ [].append }}", "{{ children.copy }}", "{{ children[0].keys }}",
        "{{ name.format() }}", "{{ range(9) }}", "{{ name() }}", "{{ 9 ** 9 ** 9 }}", "{{ 'a' * 999999999 }}",
        "{{ 1 + 1 }}", "{{ name ~ name }}", "{{ '%99999999s' % 1 }}", "{{ '%s'|format(1) }}", "{{ name|safe }}",
        "{{ name|map('upper') }}", "{{ name|tojson }}", "{{ name|pprint }}", "{{ name|center(99999999) }}",
        "{{ name|replace('a', 'b') }}", "{{ name[0:9] }}", "{{ {'a': 1} }}", "{{ name|upper(*children) }}",
        "{{ name is callable }}", "{{ name is filter }}",
        "{% include 'mail/_layout.html' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}",
        "{% set a = 1 %}", "{% set a %}x{% endset %}", "{% macro a() %}{% endmacro %}", "{% block a %}{% endblock %}",
        "{% call a() %}{% endcall %}", "{% filter upper %}x{% endfilter %}", "{% with a = 1 %}{% endwith %}",
        "{% autoescape false %}{{ name }}{% endautoescape %}", "{% raw %}{{ x }}{% endraw %}", "{% do 1 %}",
        "{% for a in children recursive %}{% endfor %}", "{% for loop in children %}{% endfor %}",
        "{% for a in children %}{{ loop.__class__ }}{% endfor %}", "{% for a in children %}{{ loop(1) }}{% endfor %}",
        "{% for a in children %}{{ loop.cycle }}{% endfor %}", "{% trans %}x{% endtrans %}", "{% debug %}",
    ],
)  # fmt: skip
def test_requirement_28_a_letter_reaches_nothing_but_its_fields(source: str) -> None:
    error = refusal_of(source, name="Ann", children=[{"a": "b"}])

    assert error.kind in ("forbidden", "missing_field", "syntax")
    assert error.cure


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("{% for a in long %}{% for b in long %}{% for c in long %}{% endfor %}{% endfor %}{% endfor %}", "too_slow"),
        ("{% for a in long %}{% for b in long %}{{ loop.length }}{% endfor %}{% endfor %}", "too_slow"),
        ("{% for a in long %}{{ text }}{{ text }}{{ text }}{% endfor %}", "too_large"),
        ("{{ text|split('a')|length }}{{ long|join(text)|split('b')|join(text) }}", "too_large"),
        ("{{ text }}" * 201, "too_large"),
        ("{{ text }}" * 2001, "too_large"),
        ("x" * 200_001, "too_large"),
        ("{{ " + "(" * 5000 + "text" + ")" * 5000 + " }}", "syntax"),
        ("{{ text" + " or text" * 3000 + " }}", "syntax"),
        ("{{ text" + "|lower" * 3000 + " }}", "syntax"),
        ("{% if text %}" * 9 + "{% endif %}" * 9, "syntax"),
        ("{{ " + "9" * 5000 + " }}", "syntax"),
    ],
)  # fmt: skip
def test_requirement_28_a_letter_ends_in_time_and_stays_small(source: str, kind: str) -> None:
    error = refusal_of(source, long=["b"] * 1000, text="a" * 10_000)

    assert error.kind == kind


def test_requirement_28_a_letter_that_takes_too_long_is_stopped_without_any_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sandbox, "MOST_SECONDS", 0.0)

    assert refusal_of("{{ text|title }}{{ text|upper }}", text="a").kind == "too_slow"


def test_a_filter_does_not_hide_that_a_field_is_missing() -> None:
    for name in set(filters.FILTERS) - {"d", "default"}:
        assert refusal_of(f"{{{{ town|{name} }}}}", town_name="x").field == "town"


def test_a_loop_over_a_text_says_how_to_cut_it() -> None:
    error = refusal_of("{% for c in courses %}{{ c }}{% endfor %}", courses="Piano;Choir")

    assert "split" in error.cure


@pytest.mark.parametrize(
    ("source", "part", "message"),
    [
        ("a\n\nDear {{ frist_name }}", "text", "The text, line 3, asks for the field “frist_name”, which"),
        ("Dear {{ frist_name }}", "subject", "The subject asks for the field “frist_name”"),
        ("a\n{% if frist_name %}{% endif %}", "html", "The HTML, line 2, asks for the field “frist_name”"),
        ("a\nb {{ children[0].frist_name }}", "text", "The text asks for the field “frist_name”"),
    ],
)  # fmt: skip
def test_a_missing_field_is_named_with_its_line_and_the_name_that_was_meant(
    source: str, part: str, message: str
) -> None:
    error = refusal_of(source, part, first_name="Ann", children=[{"name": "Bo"}])

    assert error.message.startswith(message)
    assert "Did you mean “first_name”?" in error.message
    assert (error.kind, error.field, error.facts["field"]) == ("missing_field", "frist_name", part)


@pytest.mark.parametrize(
    ("source", "line", "hint"),
    [
        ("a\n{{ First name }}", 2, "one word"),
        ("a\n{% if x %}\nb", 2, "endif"),
        ("{{ x", 1, "braces"),
        ("a\nb\n{{ first-name }}", 3, "no dash"),
        ("{% fi x %}", 1, "“fi” is not known"),
        ("\n<style>@media print{#a{color:red}}</style>", 2, "space between { and #"),
        ("a\n{% if %}\nb{% endif %}", 2, "braces"),
        ("a\n{{ name|safe }}", 2, "Leave it out"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line_and_a_way_to_mend_it(
    source: str, line: int, hint: str
) -> None:
    error = refusal_of(source)

    assert error.line == line
    assert hint in error.cure


def test_a_newsletter_that_shows_no_way_out_gets_one_in_its_language() -> None:
    ready = prepare(LetterText("通知", "你好", "<p>你好</p>", "zh-CN"))

    assert ready.footers == {"text", "html"}
    assert ready.text.source.endswith("退订: {{ unsubscribe_url }}\n")
    assert ready.html is not None
    assert ready.html.source.index("退订</a></p>") < ready.html.source.index("</body>")


def test_a_way_out_that_only_some_see_is_not_one() -> None:
    letter = LetterText(
        "News", "{% if x %}{{ unsubscribe_url }}{% endif %}", "<a href='{{ unsubscribe_url }}'>out</a>"
    )

    assert prepare(letter).footers == {"text"}


def test_a_text_made_from_html_keeps_the_way_out() -> None:
    ready = prepare(LetterText("News", html="<!-- {{ unsubscribe_url }} --><p>Hello</p>"))

    assert "unsubscribe_url" in ready.text.always_shows


def test_a_mail_that_people_need_may_not_show_a_way_out() -> None:
    with pytest.raises(MergeError, match="The text, line 2, shows an unsubscribe link") as refusal:
        check_letter(LetterText("Fee", "a\n{{ unsubscribe_url }}"), "transactional")

    assert refusal.value.field == "unsubscribe_url"
    assert prepare(LetterText("Fee", "a"), "transactional").footers == frozenset()


def test_styles_are_written_into_the_elements_once_and_fields_stay() -> None:
    html = f"<html><head>{CSS}</head><body><p>Dear {{{{ name }}}}</p>{{% if x %}}<p>b</p>{{% endif %}}</body></html>"

    ready = prepare(LetterText("News", html=html)).html

    assert ready is not None
    assert ready.source.startswith("<!DOCTYPE html>")
    assert ready.source.count('<p style="color: #112233;">') == 2
    assert "@media print" in ready.source
    assert "Dear {{ name }}</p>{% if x %}<p" in ready.source


def test_a_fragment_becomes_a_document_in_its_language() -> None:
    ready = prepare(LetterText("News", html="<p>Hello</p>", locale="zh")).html

    assert ready is not None
    assert '<html lang="zh">' in ready.source
    assert '<meta charset="utf-8">' in ready.source


@pytest.mark.parametrize(
    "html",
    [
        f"{CSS}<p class={{{{ name }}}}>x</p>",
        "<style>p { color: {{ name }} }</style><p>x</p>",
        f"{CSS}<!-- x",
        f"{CSS}<title>x",
        CSS + "<i>" * 20_001,
        "<style>" + "p { color: red }" * 10_000 + "</style>" + "<p>" * 1000,
    ],
    ids=range(6),
)
def test_html_whose_styles_cannot_be_inlined_is_refused_in_words(html: str) -> None:
    with pytest.raises(MergeError, match="The HTML") as refusal:
        check_letter(LetterText("News", "x", html))

    assert refusal.value.kind == "forbidden"
    assert refusal.value.cure


@pytest.mark.parametrize("unit", ["<div>", "<table><tr><td>", "<b><p>"])
def test_requirement_28_elements_many_levels_deep_break_nothing(unit: str) -> None:
    html = CSS + unit * (19_000 // unit.count("<")) + "{{ name }}"

    assert prepare(LetterText("News", "x", html)).html is not None


@pytest.mark.parametrize(
    "unit",
    ["<!--", "<!--x>", "<title>", "<style>", "<!", "<![", "<?", "</", "&", "<a '", '<p title="', "<script>"],
)
def test_requirement_28_html_full_of_beginnings_is_read_in_one_pass(unit: str) -> None:
    reading = plain_text(unit * (190_000 // len(unit)) + "the end")

    assert reading.endswith("\n")


def test_nothing_is_fetched_for_a_letter(tmp_path: Any) -> None:
    (tmp_path / "a.css").write_text("p { color: #abcdef }")
    link = f'<link rel="stylesheet" href="file://{tmp_path}/a.css"><link rel="stylesheet" href="{tmp_path}/a.css">'

    ready = prepare(LetterText("News", html=f"{link}{CSS}<p>x</p>")).html

    assert ready is not None
    assert "abcdef" not in ready.source


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h1>Hello {{ name }}</h1><p>one\n two</p><p>three</p>", "Hello {{ name }}\n\none two\n\nthree\n"),
        ("a<br>b<br/><b>c</b> <i>d</i>", "a\nb\nc d\n"),
        ('<a href="https://x.example/{{ id }}">Our page</a>!', "Our page <https://x.example/{{ id }}>!\n"),
        ('<a href="mailto:a@x.example">a@x.example</a> <a href="#top">up</a>', "a@x.example up\n"),
        ("<ul><li>one</li><li>two</li></ul><ol><li>one<li>two</ol>", "- one\n- two\n\n1. one\n2. two\n"),
        ("<table><tr><td>Room</td><td>7</td></tr><tr><td>Hour</td><td>9</td></tr></table>", "Room  7\nHour  9\n"),
        ('<img alt="Our school" src="x.png"><hr>end', "Our school\n\n--------------------\nend\n"),
        ("<head><title>no</title></head><style>no</style><div style='display:none'>no</div>yes", "yes\n"),
        ("<p>{% if a < b %}x{% endif %}</p>", "{% if a < b %}x{% endif %}\n"),
        ("<pre>a\n  b</pre>&amp; &lt;c&gt; <!-- no -->caf&eacute;", "a\n  b\n\n& <c> café\n"),
        ("", "\n"),
    ],
)  # fmt: skip
def test_html_becomes_text_that_reads_well(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_a_text_that_cannot_be_made_is_asked_for() -> None:
    with pytest.raises(MergeError, match="no text beside it") as refusal:
        check_letter(LetterText("News", html="<!-- {% if x %} --><p>a</p>{% endif %}"))

    assert "Write the text yourself" in refusal.value.cure


def test_a_field_missing_in_a_made_text_is_shown_where_it_was_written() -> None:
    ready = prepare(LetterText("News", html="<p>a</p>\n<p>{{ nmae }}</p>"))

    with pytest.raises(MergeError, match="The HTML, line 2"):
        ready.text.render({"unsubscribe_url": "x"})
