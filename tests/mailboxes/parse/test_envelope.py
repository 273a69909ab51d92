"""Who wrote to whom, in which thread, by which way, and which headers decide."""

from __future__ import annotations

import pytest

from edupulse.mailboxes.event import Correspondent
from edupulse.mailboxes.parse import parse
from tests.mailboxes.parse.mails import mail


@pytest.mark.parametrize(
    ("written", "people"),
    [
        ("ann@x.example", [("", "ann@x.example")]),
        ("Ann Lee <ann@x.example>", [("Ann Lee", "ann@x.example")]),
        ('"Lee, Ann" <ann@x.example>, bob@x.example', [("Lee, Ann", "ann@x.example"), ("", "bob@x.example")]),
        ('"Ann \\"A\\" Lee" <ann@x.example>', [('Ann "A" Lee', "ann@x.example")]),
        ("=?utf-8?Q?Lee,_Ann?= <ann@x.example>", [("Lee, Ann", "ann@x.example")]),
        ('"=?utf-8?B?5p2O?=" <ann@x.example>', [("李", "ann@x.example")]),
        ("ann@x.example (Ann (A) Lee)", [("Ann A Lee", "ann@x.example")]),
        ("Team: ann@x.example, Bob <bob@x.example>;", [("", "ann@x.example"), ("Bob", "bob@x.example")]),
        ("undisclosed-recipients:;", []),
        ("Ann ann@x.example", [("Ann", "ann@x.example")]),
        ("ann@x.example; bob@x.example", [("", "ann@x.example"), ("", "bob@x.example")]),
        ("<@relay.example,@b:ann@x.example>", [("", "ann@x.example")]),
        ("<mailto:ann@x.example>", [("", "ann@x.example")]),
        ('"Ann <ann@x.example>, bob@x.example', [("Ann", "ann@x.example"), ("", "bob@x.example")]),
        ("Ann (the <ann@x.example>", [("Ann", ""), ("the", "ann@x.example")]),
        ("Ann <ann@x.example", [("Ann", "ann@x.example")]),
        ("Ann", [("Ann", "")]),
        ("<>", []),
        (",,;;", []),
        ("a..b@docomo.example", [("", "a..b@docomo.example")]),
        ("李 <李@例子.example>", [("李", "李@例子.example")]),
        ("Ann\u202e <ann@x.example>", [("Ann", "ann@x.example")]),
    ],
)
def test_people_are_read_however_they_are_written(written: str, people: list[tuple[str, str]]) -> None:
    event = parse(mail(f"Cc: {written}".encode())).event

    assert event.cc == tuple(Correspondent(*each) for each in people)


def test_the_thread_is_read_oldest_first_and_each_id_once() -> None:
    event = parse(mail(b"In-Reply-To: <b@x> (from Ann)\r\nReferences: <a@x>\r\n\t<b@x> <a@x>")).event

    assert event.in_reply_to == ("<b@x>",)
    assert event.references == ("<a@x>", "<b@x>")


def test_of_very_many_references_the_newest_stay() -> None:
    event = parse(mail(b"References: " + b" ".join(b"<%d@x>" % each for each in range(1_000)))).event

    assert event.references == tuple(f"<{each}@x>" for each in range(800, 1_000))


@pytest.mark.parametrize(
    ("header", "path"),
    [(b"Return-Path: <>", ""), (b"Return-Path: <a@b.example>", "a@b.example"), (b"X-A: b", None)],
)
def test_the_return_path_tells_null_from_unknown(header: bytes, path: str | None) -> None:
    assert parse(mail(header)).event.return_path == path


def test_the_addresses_of_the_delivery_are_collected() -> None:
    head = (
        b"Delivered-To: box@school.example\r\nX-Original-To: bounces+7-ab@school.example\r\n"
        b"Received: from a by b for <fwd@school.example>; Sun, 22 Nov 2026 10:00:00 +0800\r\n"
        b"Cc: Bounces+8-cd@school.example, other@x.example"
    )

    event = parse(mail(head), own_addresses=("bounces@school.example", "")).event

    assert event.delivered_to == (
        "box@school.example", "bounces+7-ab@school.example", "fwd@school.example", "Bounces+8-cd@school.example",
    )  # fmt: skip


def test_the_results_of_the_topmost_server_count() -> None:
    head = (
        b"Authentication-Results: mx.school.example; dkim=fail (spf=none) header.d=a; dkim=pass header.d=b;\r\n"
        b"\tspf=softfail smtp.mailfrom=x; dmarc=none\r\n"
        b"Authentication-Results: forged.example; dmarc=pass; spf=pass"
    )

    assert parse(mail(head)).event.auth == {
        "server": "mx.school.example", "dkim": "pass", "spf": "softfail", "dmarc": "none",
    }  # fmt: skip


def test_the_headers_that_decide_are_kept_by_their_names() -> None:
    head = (
        b"Received: a\r\nReceived: b\r\nAUTO-SUBMITTED: auto-replied\r\nPrecedence: bulk\r\nX-Shop-Order: 17\r\n"
        b"ARC-Seal: i=1\r\nDKIM-Signature: v=1\r\nX-MS-Exchange-Organization-X: y\r\nX-Failed-Recipients: a@b.c"
    )

    headers = dict(parse(mail(head)).event.headers)

    assert headers == {
        "auto-submitted": ("auto-replied",), "precedence": ("bulk",), "x-failed-recipients": ("a@b.c",),
        "x-shop-order": ("17",), "received-count": ("2",),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "language"),
    [("老师您好", "zh"), ("ありがとう", "ja"), ("감사합니다", "ko"), ("We have to go and you are late", "en"),
     ("Wir sind nicht da und die Kinder auch nicht", "de"), ("17", "")],
)  # fmt: skip
def test_the_language_is_guessed_from_script_and_common_words(body: str, language: str) -> None:
    assert parse(mail(body=body.encode())).event.language == language


def test_the_language_that_is_declared_wins() -> None:
    assert parse(mail(b"Content-Language: fr-CA, en", b"Bonjour")).event.language == "fr-ca"
