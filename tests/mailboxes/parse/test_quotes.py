"""A reply without what it quotes, as the mail programs of our correspondents write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.mailboxes.parse import parse, without_quotes
from tests.mailboxes.parse.mails import html

# What mail programs put under "Yes, we come.", each below a line with its name.
_QUOTATIONS = dict(
    section.split("\n", 1)
    for section in Path(__file__).with_name("quotations.txt").read_text(encoding="utf-8").split("=== ")[1:]
)


@pytest.mark.parametrize("quotation", _QUOTATIONS.values(), ids=_QUOTATIONS.keys())
def test_only_the_new_words_of_a_reply_remain(quotation: str) -> None:
    assert without_quotes(f"Yes, we come.\n{quotation}") == "Yes, we come."


def test_answers_between_the_quoted_lines_remain() -> None:
    reply = "Hi,\n\nOn Sun, 22 Nov 2026, School wrote:\n> Who comes?\nAnn.\n> When?\nAt ten.\n"

    assert without_quotes(reply) == "Hi,\n\nAnn.\nAt ten."


@pytest.mark.parametrize(
    "text",
    [
        "On Monday we wrote: see you\nand on Tuesday too.",
        "From: the heart\nwe thank you.",
        "Date: Monday\nwould suit us.",
        "The class is at 5 -- or is it 6?",
        "在学校写道",
        "He wrote:\nhello",
        "---\nmenu\n---",
        "Am Montag kommen wir.\nEr schrieb nichts.",
        "5 > 4",
    ],
)
def test_what_only_looks_like_a_quotation_stays(text: str) -> None:
    assert without_quotes(text) == text


@pytest.mark.parametrize(
    "text", ["> old", "-----Original Message-----\nFrom: School", "Begin forwarded message:\nx", ""]
)
def test_nothing_remains_of_what_is_all_quoted(text: str) -> None:
    assert without_quotes(text) == ""


def test_an_answer_in_html_alone_loses_its_quotation_too_and_the_whole_text_stays() -> None:
    event = parse(
        html("<div>Yes.</div><div class='gmail_quote'><div>On Sun, 22 Nov 2026 School "
             "&lt;<a href='mailto:office@school.example'>office@school.example</a>&gt; wrote:<br></div>"
             "<blockquote>Dear Ann</blockquote></div>")
    ).event  # fmt: skip

    assert event.reply_text == "Yes."
    assert event.text.endswith("> Dear Ann")
