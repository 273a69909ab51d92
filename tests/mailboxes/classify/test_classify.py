"""One kind for each message, with its reason; no bytes, however broken, make the judgement fail."""

from __future__ import annotations

import json
from random import Random

import pytest
from flask import Flask

from edupulse.mail import unsubscribe
from edupulse.mailboxes.classify import classify, unsubscribe_token
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.parse import parse, parse_head
from tests.mailboxes.classify.corpus import OFFICE, OWN, bounces, others
from tests.rows import a_delivery

STRANGE = (
    b"\x00", b"\xff\xfe", b"\r\n\r\n", b"\r\n--b1\r\n", b"=?gb2312?B?!!!!?=", b'"', b";",
    b"Content-Type: message/delivery-status\r\n", b"Content-Transfer-Encoding: base64\r\n",
    b"Final-Recipient: \x80\xff; \xed\xa0\x80@x\r\n", b"=?utf-8?q?=ED=A0=80?=",
)  # fmt: skip


def read(data: bytes) -> UnifiedEvent:
    return classify(parse(data, own_addresses=OWN), own_addresses=OWN)


def written(subject: str, body: str, *lines: str, to: str = OFFICE) -> bytes:
    head = (
        f"From: zoe@families.example\nTo: {to}\nSubject: {subject}",
        "Message-ID: <a@families.example>",
        *lines,
    )
    return ("\n".join(head) + f"\n\n{body}\n").replace("\n", "\r\n").encode()


def test_a_person_who_writes_is_something_else() -> None:
    event = read(written("Oil or water?", "Which class fits?"))

    assert (event.classification.kind, event.reports) == ("other", ())


def test_the_address_for_unsubscribing_names_the_newsletter(sqlite_app: Flask) -> None:
    delivery = a_delivery(kind="newsletter")
    token = unsubscribe.link(delivery.id, delivery.address).rpartition("/")[2]

    event = read(written("", "", to=f"office+unsubscribe-{token}@school.example"))

    assert event.classification.kind == "unsubscribe"
    assert unsubscribe.read(unsubscribe_token(event)).id == delivery.id


def test_a_word_above_a_quoted_newsletter_unsubscribes() -> None:
    body = "Unsubscribe, please!\n\nOn Thu, 12 Mar 2026 at 09:00, Art School wrote:\n> Our spring courses\n> and more"

    event = read(written("Re: Spring courses", body.replace(", please", "")))

    assert event.classification.kind == "unsubscribe"
    assert "“unsubscribe”" in event.classification.reasons[0]


def test_a_report_too_large_to_be_read_is_known_by_its_head() -> None:
    head = bounces("seen")[0].data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"

    event = classify(parse_head(head, sha256="0" * 64, size=50_000_000, why="too large"), own_addresses=OWN)

    assert event.classification.kind == "bounce"
    assert [said.recipient for said in event.reports] == [""]


def test_a_report_with_many_blocks_says_each_thing_once() -> None:
    block = b"Final-Recipient: rfc822; a@families.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    head = b"From: MAILER-DAEMON@x.example\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
    data = head + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + block * 5000 + b"--b--\r\n"

    event = read(data)

    assert [said.recipient for said in event.reports] == ["a@families.example"]


def test_nothing_in_a_servers_words_steers_a_terminal_or_breaks_a_database(sqlite_app: Flask) -> None:
    data = bounces("seen")[0].data.replace(
        b"Diagnostic-Code: smtp; ", b"Diagnostic-Code: smtp; \x1b[2J\x00\xe2\x80\xae"
    )

    (said,) = read(data).reports

    assert said.text.isprintable()
    assert said.cause == "mailbox_unknown"


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_bytes_a_valid_event_comes_out(sqlite_app: Flask, seed: int) -> None:
    random = Random(seed)
    known = [each.data for each in (*bounces("seen"), *bounces("held_out"), *others())]

    for _ in range(100):
        event = read(mutated(random.choice(known), known, random))

        stored = json.loads(json.dumps(event.as_json(), ensure_ascii=False).encode())
        assert UnifiedEvent.from_json(stored).classification == event.classification
        assert "\0" not in "".join(said.text + said.recipient for said in event.reports)


def mutated(data: bytes, known: list[bytes], random: Random) -> bytes:
    for _ in range(random.randint(1, 10)):
        at, other = random.randrange(len(data) + 1), random.choice(known)
        begin = random.randrange(len(other))
        piece = random.choice((random.choice(STRANGE), other[begin : begin + random.randint(1, 400)], b""))
        data = data[:at] + piece + data[at + random.choice((0, 0, 1, 100)) :]
    return data
