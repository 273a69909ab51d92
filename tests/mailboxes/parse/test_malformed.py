"""Messages that other programs lose, refuse or never finish: each becomes an event that says what was wrong."""

from __future__ import annotations

import pytest

from edupulse.mailboxes.event import Correspondent
from edupulse.mailboxes.parse import limits, parse
from tests.mailboxes.parse.mails import HEAD, mail, multipart, part, text, whole


@pytest.mark.parametrize(
    "data", [b"", b"\r\n", b"\x00", b"Hello", b"\r\n\r\nHello", b"\xff\xfe\xfd", b":", b"--", b"From "]
)
def test_what_is_hardly_a_message_is_one_all_the_same(data: bytes) -> None:
    event = parse(data).event

    assert "no Message-ID" in event.defects
    assert event.size == len(data)


def test_a_text_without_headers_is_kept_as_text() -> None:
    event = parse(b"Dear school,\r\nplease note: we are ill.\r\n").event

    assert event.text == "Dear school,\nplease note: we are ill.\n"
    assert "no empty line between headers and text" in event.defects


def test_a_message_without_an_empty_line_before_the_text_loses_neither() -> None:
    event = parse(b"From: a@b.example\r\nSubject: x\r\nDear school, hello\r\nAnn\r\n").event

    assert event.subject == "x"
    assert event.text == "Dear school, hello\nAnn\n"


def test_a_line_among_the_headers_that_is_none_does_not_end_them() -> None:
    event = parse(b"From: a@b.example\r\nthis is no header\r\nSubject: x\r\n\r\nHello").event

    assert (event.subject, event.text) == ("x", "Hello")
    assert "a line among the headers that is none" in event.defects


def test_the_envelope_line_of_an_mbox_is_no_header() -> None:
    event = parse(b"From ann@b.example Sun Nov 22 10:00:00 2026\n" + HEAD + b"\r\nHello").event

    assert (event.subject, event.text) == ("A question", "Hello")
    assert event.defects == ()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_every_kind_of_line_end_is_read(line_end: bytes) -> None:
    event = parse(mail(body=b"one\r\ntwo\r\n").replace(b"\r\n", line_end)).event

    assert (event.subject, event.text.strip()) == ("A question", "one\ntwo")


def test_a_message_without_a_sender_is_read() -> None:
    event = parse(mail(without=(b"From",))).event

    assert event.from_ == ()
    assert event.defects == ("no address in From",)


def test_a_message_without_an_id_gets_one_from_its_bytes() -> None:
    one, two = (
        parse(mail(without=(b"Message-ID",))).event,
        parse(mail(body=b"x", without=(b"Message-ID",))).event,
    )

    assert not one.has_own_id
    assert one.message_id != two.message_id
    assert one.message_id == parse(mail(without=(b"Message-ID",))).event.message_id


@pytest.mark.parametrize(
    "value",
    [b"", b"<>", b"@", b"<<>>", b"[", b"=?utf-8?q?x", b"<a b@c>", b"\xff", b"<" + b"a" * 2_000 + b"@b>"],
)
def test_an_id_that_is_none_is_replaced(value: bytes) -> None:
    event = parse(mail(b"Message-ID: " + value, without=(b"Message-ID",))).event

    assert not event.has_own_id


@pytest.mark.parametrize(
    "value",
    [b"", b"yesterday", b"0 0 0 0:0:0 +9999", b"Sun, 32 Nov 2026 10:00:00 +0800",
     b"Sun, 22 Nov 99999999999 10:00 +0000",
     b"31 Dec 9999 23:59:59 -2359", b"Sun, 22 Nov 2026 10:00:00 +999999999999", b", , , :", b"22 Nov , 10:00:00",
     b"\xe5\xb9\xb4"],
)  # fmt: skip
def test_a_date_that_is_none_is_missing(value: bytes) -> None:
    event = parse(mail(b"Date: " + value, without=(b"Date",))).event

    assert event.date is None
    assert len(event.defects) >= 1


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (b"Sun, 22 Nov 2026 10:00:00 +0800", "2026-11-22T02:00:00+00:00"),
        (b"Sun, 22 Nov 2026 10:00:60 -0000 (UTC)", "2026-11-22T10:00:59+00:00"),
        (b"22 Nov 26 10:00 EST", "2026-11-22T15:00:00+00:00"),
        (b"Sun Nov 22 10:00:00 2026", "2026-11-22T10:00:00+00:00"),
    ],
)
def test_a_date_is_told_in_utc(value: bytes, moment: str) -> None:
    assert parse(mail(b"Date: " + value, without=(b"Date",))).event.date == moment


@pytest.mark.parametrize(
    "content_type",
    [b"", b";", b"text", b"text/", b"/", b"text/plain; charset", b"text/plain; =; ;;", b"text/plain; charset*=x",
     b"=?x?q?y?=",
     b"text/plain; charset*0*=utf-8''a; charset*999999999999999=b", b"text/plain;\r\n\tcharset=\"", b"multipart/mixed",
     b"multipart/mixed; boundary=", b"multipart/mixed; boundary=\"\"", b"multipart/mixed; boundary*=%%%",
     b"message/rfc822",
     b"message/partial; id=1", b"message/external-body", b"multipart/; boundary=B"],
)  # fmt: skip
def test_a_content_type_that_says_nothing_loses_no_text(content_type: bytes) -> None:
    event = parse(mail(b"Content-Type: " + content_type, b"Hello")).event

    assert "Hello" in event.text or event.attachments


def test_a_multipart_that_was_cut_off_keeps_what_arrived() -> None:
    data = whole(multipart("mixed", part("text/plain", b"Hello"), part("application/pdf", b"%PDF-1.7")))

    event = parse(data[: data.index(b"%PDF") + 4]).event

    assert event.text == "Hello"
    assert event.attachments[0].size == 4
    assert "multipart without an end" in event.defects


def test_a_multipart_whose_lines_are_missing_is_shown_as_text() -> None:
    event = parse(mail(b"Content-Type: multipart/mixed; boundary=B", b"Hello")).event

    assert event.text == "Hello"
    assert "multipart without parts" in event.defects


def test_parts_inside_each_other_with_the_same_boundary_are_all_read() -> None:
    inner = multipart("alternative", part("text/plain", b"Hello"), part("text/html", b"<p>Hello</p>"))

    event = parse(whole(multipart("mixed", inner, part("application/pdf", b"%PDF-1.7")))).event

    assert event.text == "Hello"
    assert [each.content_type for each in event.attachments] == ["application/pdf"]


def test_a_part_after_the_end_of_a_multipart_is_read_too() -> None:
    data = (
        whole(multipart("mixed", part("text/plain", b"Hello")))
        + b"--B\r\n"
        + part("application/pdf", b"%PDF-1.7")
    )

    event = parse(data).event

    assert [each.content_type for each in event.attachments] == ["application/pdf"]
    assert "parts after the end of a multipart" in event.defects


def test_a_boundary_that_begins_like_another_is_another() -> None:
    inner = multipart("alternative", part("text/plain", b"Hello"), boundary="B-1")

    event = parse(whole(multipart("mixed", inner, part("text/plain", b"--Bye")))).event

    assert event.text == "Hello\n--Bye"


@pytest.mark.parametrize(
    "encoded",
    [b"SGVsbG8", b"SGVs\r\nbG8=", b"SGVs bG8=!!", b"SGVsbG8=====", b"SGVsbG8=\r\n-- \r\n", b"SGVs=bG8="],
)
def test_broken_base64_says_what_it_still_says(encoded: bytes) -> None:
    event = parse(mail(b"Content-Transfer-Encoding: base64", encoded)).event

    assert event.text.startswith("Hello")


def test_broken_quoted_printable_stays_legible() -> None:
    event = parse(mail(b"Content-Transfer-Encoding: Quoted-Printable ; x", b"1 = 1 =ZZ caf=C3=A9 =")).event

    assert event.text.startswith("1 = 1 =ZZ café")


def test_an_encoding_that_nobody_knows_is_taken_for_none() -> None:
    event = parse(mail(b"Content-Transfer-Encoding: x-zip", b"Hello")).event

    assert event.text == "Hello"
    assert event.defects == ("unknown transfer encoding",)


def test_control_characters_do_not_reach_the_database() -> None:
    event = parse(text(b"a\x00b\x1b[31mc\x08d\x7f\r\ne\tf")).event

    assert event.text == "ab[31mcd\ne\tf"


def test_twenty_thousand_parts_are_read_up_to_the_limit() -> None:
    event = parse(whole(multipart("mixed", *[part("application/pdf", b"x")] * 20_000))).event

    assert len(event.attachments) < limits.PARTS
    assert event.defects == ("very many parts",)


@pytest.mark.parametrize("depth", [49, 1_000])
def test_parts_deep_inside_each_other_end_at_the_limit(depth: int) -> None:
    body = part("text/plain", b"Hello")
    for level in range(depth):
        body = multipart("mixed", body, boundary=f"B{level}-")

    event = parse(whole(body)).event

    assert ("parts too deep inside each other" in event.defects) == (depth > limits.DEPTH)
    assert event.text == "Hello" or depth > limits.DEPTH


def test_ten_thousand_recipients_are_read_up_to_the_limit() -> None:
    to = b"To: " + b", ".join(b'"P, %d" <p%d@x.example>' % (each, each) for each in range(10_000))

    event = parse(mail(to, without=(b"To",))).event

    assert len(event.to) == limits.ADDRESSES
    assert event.to[999] == Correspondent("P, 999", "p999@x.example")
    assert event.defects == ("very many addresses",)


def test_twenty_thousand_parameters_do_not_hide_the_text() -> None:
    many = b"; ".join(b"p%d=v" % each for each in range(20_000))

    event = parse(mail(b"Content-Type: text/plain; charset=utf-8; " + many, "课".encode())).event

    assert event.text == "课"
    assert event.defects == ("very long parameters", "very many parameters")


def test_headers_without_an_end_are_cut() -> None:
    event = parse(HEAD + b"X-Long: " + b"x" * (2 * limits.HEADER_BYTES)).event

    assert event.subject == "A question"
    assert "very long headers" in event.defects


def test_a_text_longer_than_the_limit_is_cut_and_says_so() -> None:
    event = parse(text(b"word " * 500_000)).event

    assert len(event.text) == limits.TEXT_BYTES
    assert event.defects == ("very long text",)


def test_what_is_too_long_for_its_column_is_cut() -> None:
    event = parse(
        b"From: "
        + b"n" * 5_000
        + b" <"
        + b"a" * 5_000
        + b"@b.example>\r\nSubject: "
        + b"s" * 5_000
        + b"\r\n\r\n"
    ).event

    assert len(event.subject) == 998
    assert len(event.author.name) == limits.NAME_CHARACTERS
    assert event.author.address == ""
    assert "an address that is too long" in event.defects
