"""A stranger's HTML does nothing on our pages and cannot make the parser grow beyond measure."""

from __future__ import annotations

import re

import pytest

from edupulse.mailboxes.parse import parse, sanitised
from tests.mailboxes.parse.mails import html


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)>", "<iframe src='https://x'></iframe>", "<form action='https://x'><input></form>",
        "<style>@import 'https://x'</style>", "<div style='background:url(https://x)'>x</div>",
        "<img src='https://x/track.gif'>", "<img src='//x/track.gif'>", "<img src='data:image/svg+xml,x'>",
        "<object data='https://x'></object>", "<base href='https://x'>", "<meta http-equiv=refresh content='0;url=x'>",
        "<link rel=stylesheet href='https://x'>", "<td background='https://x'>",
        "<math><mtext><script>1</script></mtext></math>",
        "<a href='/admin/workers'>x</a>",
        "<a href='data:text/html,x'>x</a>", "<video src='https://x'>",
        "<noscript><p title='</noscript><img src=x onerror=1>'>",
    ],
)  # fmt: skip
def test_nothing_runs_loads_or_leads_into_our_pages(hostile: str) -> None:
    clean = sanitised(hostile)

    assert not re.search(r"script|onerror|onload|\ssrc=|<form|<style|style=|<iframe|<object|href=", clean), (
        clean
    )


def test_links_and_pictures_of_the_message_itself_stay() -> None:
    clean = sanitised(
        '<p lang="de">See <a href="https://x.example/a?b=1&amp;c">this</a> <img src="cid:logo@x" alt="Logo"></p>'
    )

    assert clean == (
        '<p lang="de">See <a href="https://x.example/a?b=1&amp;c" rel="noopener noreferrer">this</a>'
        ' <img src="cid:logo@x" alt="Logo"></p>'
    )


def test_very_deep_html_keeps_its_words_and_loses_the_depth() -> None:
    event = parse(html("<div>" * 20_000 + "Hello" + "</div>" * 20_000 + "<p>Bye</p>")).event

    assert event.text == "Hello\n\nBye"
    assert event.html.count("<div>") <= 200


def test_html_that_would_grow_to_gigabytes_is_shown_as_text_only() -> None:
    bomb = "".join(f"<font id={each}>" for each in range(300)) + "<p>word " * 100_000

    event = parse(html(bomb)).event

    assert event.html == ""
    assert event.text.split()[:2] == ["word", "word"]
    assert event.defects == ("HTML that cannot be shown",)
