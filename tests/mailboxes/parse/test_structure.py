"""Well-formed messages come apart exactly as Python's own parser takes them apart."""

from __future__ import annotations

import email
from email.message import EmailMessage, Message
from random import Random

import pytest

from edupulse.mailboxes.parse import parse

_NAMES = ("fee.pdf", "龍翀镕.txt", "a b.png", 'quote".csv')


def grown(random: Random) -> EmailMessage:
    """Return a message with parts and headers of all kinds."""
    message = EmailMessage()
    message["From"], message["To"] = "李 <li@b.example>", "a@school.example, B C <b@school.example>"
    message["Subject"] = random.choice(["Hello", "龍翀镕 " * 20, "Grüße"])
    message.set_content(
        "Hello\n龍\n" * random.randint(0, 20), cte=random.choice(["base64", "quoted-printable", "8bit"])
    )
    if random.random() < 0.7:
        message.add_alternative("<p>Hello</p>\n" * random.randint(1, 9), subtype="html")
    for _ in range(random.randint(0, 4)):
        data = random.randbytes(random.randint(0, 500))
        message.add_attachment(data, maintype="application", subtype="pdf", filename=random.choice(_NAMES))
    if random.random() < 0.3:
        attached = EmailMessage()
        attached["Subject"] = "inside"
        attached.set_content("inside")
        message.add_attachment(attached)
    return message


def told(message: Message) -> list[tuple[object, ...]]:
    """Return what matters of each part in its order."""
    return [
        (part.get_content_type(), part.is_multipart(), part.get_filename(), _data(part))
        for part in message.walk()
    ]


def _data(part: Message) -> bytes | None:
    return None if part.is_multipart() else part.get_payload(decode=True)  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(40))
def test_the_parts_are_those_that_pythons_own_parser_finds(seed: int) -> None:
    data = grown(Random(seed)).as_bytes()

    assert told(parse(data).message) == told(email.message_from_bytes(data))


@pytest.mark.timeout(20)  # seconds; the library's own reader would need hours for the last
@pytest.mark.parametrize(
    "value",
    [
        b"text/plain; charset*=x; charset*0=y", b"text/plain; charset*" + b"9" * 5_000 + b"=x",
        b"text/plain; charset=a\0b",
        b"text/plain; name*0*=a; name*=b; name*1=c", b"text/plain" + b';a="' * 100_000,
    ],
)  # fmt: skip
def test_parameters_that_pythons_own_reader_does_not_survive_are_left_out(value: bytes) -> None:
    message = parse(b"Content-Type: " + value + b"\r\n\r\nHello").message

    assert (message.get_content_type(), message.get_payload()) == ("text/plain", "Hello")
    for read in (message.get_content_charset, message.get_filename, message.get_boundary):
        read()  # raises nothing
