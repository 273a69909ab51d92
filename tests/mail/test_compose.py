"""The bytes of a mail, read back by another parser: names, subject, bodies, files, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.mail.compose import Attachment, build_message

FROM = "Kunstschule Müller <office@school.example>"
INVITATION = b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nSUMMARY:\xe8\xaf\xbe\r\nEND:VCALENDAR\r\n"


@dataclass(frozen=True)
class To:
    """What a delivery's row gives to its mail."""

    message_id: str = "<0123456789abcdef0123456789abcdef01234567@school.example>"
    accepted_at: datetime = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    address: str = "ann@example.org"
    recipient_name: str = "Ann"
    subject: str = "Lesson at nine"


@dataclass(frozen=True)
class Said:
    """What its content gives."""

    text: str = "See you at nine.\n"
    html: str = "<p>See you at nine.</p>"
    headers: dict[str, str] = field(default_factory=dict)
    attachments: list[dict[str, Any]] = field(default_factory=list)


def read(data: bytes) -> EmailMessage:
    """Read the bytes with the standard library."""
    return message_from_bytes(data, policy=policy.default)


def build(to: To | None = None, said: Said | None = None, sender: str = FROM) -> bytes:
    """Build a mail with what matters to a test."""
    return build_message(to or To(), said or Said(), sender)


def test_the_headers_of_a_mail_are_all_there_once() -> None:
    mail = read(build())

    assert sorted(mail.keys()) == sorted(
        [
            "Date",
            "From",
            "To",
            "Subject",
            "Message-ID",
            "MIME-Version",
            "Auto-Submitted",
            "X-Auto-Response-Suppress",
            "Content-Type",
        ]
    )
    assert mail["From"] == FROM
    assert mail["Date"].datetime == datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
    assert mail["Message-ID"] == To().message_id
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert not mail.defects


def test_the_same_delivery_gives_the_same_bytes() -> None:
    said = Said(attachments=[Attachment("a.pdf", "application/pdf", b"%PDF" * 1000).stored()])

    assert build(said=said) == build(said=said)


@pytest.mark.parametrize(
    "name",
    [
        "Ann",
        "张伟",
        "Zoë",
        "O'Brien, Ann",
        'Ann "Annie" B',
        "Ann (piano)",
        "back\\slash",
        "=?utf-8?q?no?=",
        "Ann " * 40,
        "Zoë 👩\u200d🎨 Ärger",
        "a@b.example",
    ],
)
def test_requirement_27_names_of_the_world_arrive_as_they_are(name: str) -> None:
    mail = read(build(To(recipient_name=name.strip())))

    (to,) = mail["To"].addresses
    assert (to.display_name, to.addr_spec) == (name.strip(), "ann@example.org")


def test_a_name_of_several_encoded_words_is_joined_without_gaps() -> None:
    raw = message_from_bytes(build(To(recipient_name="王" * 60)))["To"]

    assert str(make_header(decode_header(raw))) == "王" * 60 + " <ann@example.org>"


@pytest.mark.parametrize(
    "subject",
    [
        "Lesson at nine",
        "钢琴课提醒:" + "明天上午九点" * 20,
        "Ünïcödé " * 30,
        "x" * 990,
        "word " * 150,
        "=?odd?=",
        "",
        "👩‍🎨" * 40,
    ],
)
def test_a_subject_of_any_kind_arrives_as_it_is(subject: str) -> None:
    data = build(To(subject=subject.strip()))

    assert read(data)["Subject"] == subject.strip()
    assert_is_clean(data)


@pytest.mark.parametrize(
    "text",
    [
        "plain\n",
        "Grüße aus Köln\n",
        "明天上午九点上课\n" * 50,
        "a" * 5000,
        "dots\n.\n..\n",
        "tail  \n\ttab\n",
        "mac\rold\r\nnew\n",
        "--=_0123456789abcdef\n",
        "nul \x00 inside",
        "=3D =20 signs",
    ],
)
def test_a_text_of_any_kind_arrives_as_it_is(text: str) -> None:
    data = build(said=Said(text=text, html=""))

    content = read(data).get_content().replace("\r\n", "\n")
    assert content.rstrip("\n") == text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert_is_clean(data)


def test_text_html_and_invitation_are_alternatives_in_their_order() -> None:
    invite = Attachment("invite.ics", "text/calendar; method=REQUEST; charset=utf-8", INVITATION).stored()

    mail = read(build(said=Said(attachments=[invite])))

    assert mail.get_content_type() == "multipart/alternative"
    plain, html, calendar = cast(list[EmailMessage], list(mail.iter_parts()))
    assert [each.get_content_type() for each in (plain, html, calendar)] == [
        "text/plain", "text/html", "text/calendar",
    ]  # fmt: skip
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    assert calendar.get_content() == INVITATION.decode()


@pytest.mark.parametrize(
    "filename", ["课程表.pdf", "plan.pdf", "with space.pdf", 'quo"te.pdf', "ä" * 60 + ".pdf"]
)
def test_requirement_27_a_file_keeps_its_name_and_its_bytes(filename: str) -> None:
    data = bytes(range(256)) * 100
    said = Said(attachments=[Attachment(filename, "application/pdf", data).stored()])

    mail = read(build(said=said))

    (attached,) = cast(list[EmailMessage], list(mail.iter_attachments()))
    assert attached.get_filename() == filename
    assert attached.get_content() == data
    assert mail.get_body(("html",)).get_content().strip() == Said().html  # type: ignore[union-attr]


def test_a_mail_of_text_alone_has_one_part() -> None:
    mail = read(build(said=Said(html="")))

    assert mail.get_content_type() == "text/plain"


def test_wished_headers_are_written_and_encoded() -> None:
    wished = {
        "Reply-To": "Büro <office@bücher.example>",
        "List-Unsubscribe": "<https://school.example/u/1>",
        "X-Note": "课",
    }

    mail = read(build(said=Said(headers=wished)))

    assert mail["Reply-To"].addresses[0].addr_spec == "office@xn--bcher-kva.example"
    assert mail["Reply-To"].addresses[0].display_name == "Büro"
    assert mail["List-Unsubscribe"] == "<https://school.example/u/1>"
    assert mail["X-Note"] == "课"


@pytest.mark.parametrize(
    "name", ["Bcc", "to", "Content-Type", "Bad Name", "X:Y", "", "Ünicode", "Message-ID"]
)
def test_a_header_that_could_change_the_mail_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        build(said=Said(headers={name: "x"}))


@pytest.mark.parametrize("steering", ["\r\nBcc: all@example.org", "\nX: y", "\rX: y", "\0"])
@pytest.mark.parametrize("where", ["name", "subject", "header", "filename", "type", "sender"])
def test_requirement_26_nothing_that_breaks_a_line_gets_into_a_header(where: str, steering: str) -> None:
    to, said, sender = To(), Said(), FROM
    attachment = Attachment("a.pdf", "application/pdf", b"x").stored()
    match where:
        case "name":
            to = To(recipient_name="Ann" + steering)
        case "subject":
            to = To(subject="Hello" + steering)
        case "header":
            said = Said(headers={"X-Note": "y" + steering})
        case "filename":
            said = Said(attachments=[{**attachment, "filename": "a" + steering}])
        case "type":
            said = Said(attachments=[{**attachment, "content_type": "application/pdf" + steering}])
        case "sender":
            sender = f"School{steering} <office@school.example>"

    with pytest.raises(Invalid):
        build(to, said, sender)


def test_only_a_mailbox_outside_ascii_makes_the_mail_8_bit() -> None:
    assert build(To(recipient_name="张伟", subject="课")).isascii()

    assert "To: Ann <张伟@xn--fsqu00a.xn--fiqs8s>\r\n".encode() in build(
        To(address="张伟@xn--fsqu00a.xn--fiqs8s")
    )


# What a database row can hold: no line ends, no halves of characters.
LINE = st.text(st.characters(blacklist_categories=("Cc", "Cs")), max_size=300)
BODY = st.text(
    st.characters(
        blacklist_categories=("Cs",), blacklist_characters="\r\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
    )
)


@settings(max_examples=300, deadline=None)
@given(subject=LINE, text=BODY, html=BODY.filter(str.strip))
def test_whatever_is_said_arrives_and_no_line_is_too_long(subject: str, text: str, html: str) -> None:
    data = build(To(subject=subject), Said(text=text, html=html))

    mail = read(data)
    assert " ".join(str(mail["Subject"]).split()) == " ".join(subject.split())
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().rstrip("\r\n") == text.replace("\n", "\r\n").rstrip("\r\n")
    assert [each.get_content_type() for each in mail.iter_parts()] == ["text/plain", "text/html"]
    assert_is_clean(data)


def assert_is_clean(data: bytes) -> None:
    """Check what any server may insist on: 7 bit, CRLF, no NUL, no line above 998 (RFC 5322 2.1.1)."""
    assert data.isascii()
    assert b"\0" not in data
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert b"\r" not in data.replace(b"\r\n", b"")
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.endswith(b"\r\n")
