"""The characters of the world arrive as they were written, also where the label lies or lacks."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from edupulse.mailboxes.event import Correspondent
from edupulse.mailboxes.parse import parse, part_text
from tests.mailboxes.parse.mails import RARE, mail, multipart, part, text, whole, word


def test_rare_names_survive_in_subject_name_text_and_file_under_the_label_gb2312() -> None:
    name = f"=?gb2312?Q?{RARE.encode('gb18030').hex('=').upper().join(('=', ''))}?="
    letter = part("text/plain; charset=gb2312", RARE.encode("gb18030"))
    named = part(
        "application/pdf",
        b"%PDF-1",
        f'Content-Disposition: attachment; filename="{word(RARE, "gb2312")}.pdf"',
    )
    head = f"From: {name} <li@b.example>\r\nSubject: {word(RARE, 'gb2312')}\r\n".encode()

    event = parse(head + multipart("mixed", letter, named)).event

    assert event.from_ == (Correspondent(RARE, "li@b.example"),)
    assert event.subject == RARE
    assert event.text == RARE
    assert event.attachments[0].filename == f"{RARE}.pdf"
    assert "gb2312 read as gb18030" in event.defects


@pytest.mark.parametrize(
    "parameter",
    [
        f"filename*=gb2312'zh'{quote(RARE.encode('gb18030'))}.pdf",
        f"filename*=utf-8''{quote(RARE)}.pdf",
        f"filename*0*=gb2312''{quote(RARE.encode('gb18030'))}; filename*1=.pdf",
        f'filename="{word(RARE + ".pdf", "gb2312")}"',
        f"filename={word(RARE + '.pdf', 'gb2312')}",
    ],
)
def test_a_file_keeps_its_rare_name_however_it_is_written(parameter: str) -> None:
    event = parse(mail(f"Content-Disposition: attachment; {parameter}".encode())).event

    assert event.attachments[0].filename == f"{RARE}.pdf"


@pytest.mark.parametrize(
    ("words", "codec", "label"),
    [
        ("龍翀镕", "gb18030", "gb2312"),
        ("龍翀镕", "gb18030", "GBK"),
        ("老師您好，謝謝", "big5", "Big5"),
        ("香港嘅朋友", "big5hkscs", "big5-hkscs"),
        ("日本語のメール", "iso-2022-jp", "ISO-2022-JP"),
        ("①番のクラス", "iso2022_jp_2004", "iso-2022-jp"),
        ("日本語のメール", "cp932", "Shift_JIS"),
        ("안녕하세요 똠방각하", "cp949", "ks_c_5601-1987"),
        ("안녕하세요", "euc_kr", "euc-kr"),
        ("Grüße – €50", "cp1252", "iso-8859-1"),
        ("Привет", "koi8_r", "koi8-r"),
        ("Здравствуйте", "cp1251", "windows-1251"),
        ("Zażółć", "iso8859-2", "iso-8859-2"),
        ("สวัสดี", "cp874", "tis-620"),
        ("课程", "utf-7", "UTF-7"),
        ("课程", "utf-16", "utf-16"),
        ("课程", "hz", "hz-gb-2312"),
        ("课程 🎨", "utf-8", '"utf8"'),
    ],
)
def test_text_is_read_in_the_charset_that_is_meant(words: str, codec: str, label: str) -> None:
    event = parse(text(words.encode(codec), label)).event

    assert event.text == words


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (RARE, "gb2312"),
        ("老師您好", "big5"),
        ("日本語のメール", "iso-2022-jp"),
        ("안녕하세요", "ks_c_5601-1987"),
        ("Grüße", "iso-8859-1"),
    ],
)
def test_a_subject_in_encoded_words_is_read(words: str, label: str) -> None:
    event = parse(mail(f"Subject: {word(words, label)}".encode(), without=(b"Subject",))).event

    assert event.subject == words


@pytest.mark.parametrize(
    ("charset", "defect"),
    [("gb2312", "gb2312 read as gb18030"), ("iso-8859-1", "iso-8859-1 read as windows-1252")],
)
def test_a_label_that_lies_is_a_defect(charset: str, defect: str) -> None:
    words = RARE.encode("gb18030") if charset == "gb2312" else "€".encode("cp1252")

    assert parse(text(words, charset)).event.defects == (defect,)


def test_a_label_that_fits_is_none() -> None:
    assert parse(text("课程".encode("gb2312"), "gb2312")).event.defects == ()
    assert parse(text("Grüße".encode("latin-1"), "iso-8859-1")).event.defects == ()


def test_a_charset_that_nobody_knows_is_guessed_and_named() -> None:
    words = "各位家长：星期二的美术课改到星期四下午三点，请准时到校。谢谢！"

    event = parse(text(words.encode("gb18030"), "x-martian")).event

    assert event.text == words
    assert event.defects == ("unknown charset x-martian",)


@pytest.mark.parametrize(
    "label", ["punycode", "zlib_codec", "unicode_escape", "idna", "../../etc/passwd", "\x00"]
)
def test_a_label_never_reaches_pythons_own_codecs(label: str) -> None:
    event = parse(text(b"plain \\u0041 words", label)).event

    assert event.text == "plain \\u0041 words"


def test_text_under_a_wrong_label_is_read_as_what_it_is() -> None:
    words = "各位家长：星期二的美术课改到星期四下午三点，请准时到校。谢谢！"

    event = parse(text(words.encode("gb18030"), "utf-8")).event

    assert event.text == words
    assert event.defects == ("text is not utf-8 as it says",)


def test_one_broken_character_costs_one_character() -> None:
    event = parse(text("课程表".encode()[:-1], "utf-8")).event

    assert event.text == "课程\ufffd"
    assert event.defects == ("broken characters in utf-8 text",)


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_raw_8_bit_headers_are_read_with_the_charset_of_the_text(codec: str) -> None:
    head = f"From: {RARE} <li@b.example>\r\nSubject: 课程 {RARE}\r\n".encode(codec)

    event = parse(head + part("text/plain; charset=gb2312", b"ok")).event

    assert event.subject == f"课程 {RARE}"
    assert event.from_[0] == Correspondent(RARE, "li@b.example")
    assert ("raw 8-bit characters in a header" in event.defects) == (codec != "utf-8")


@pytest.mark.parametrize(
    ("words", "codec"),
    [
        ("老师您好，请问星期二的课程改到什么时候", "gb18030"),
        ("老師您好，請問星期二的課程改到什麼時候", "big5"),
        ("Grüße aus München", "cp1252"),
        ("日本語のメール", "iso-2022-jp"),
    ],
)
def test_raw_8_bit_headers_without_any_hint_are_guessed(words: str, codec: str) -> None:
    event = parse(b"From: a@b.example\r\nSubject: " + words.encode(codec) + b"\r\n\r\nok").event

    assert event.subject == words


def test_a_character_cut_between_two_encoded_words_is_whole_again() -> None:
    first, second = RARE.encode()[:4].hex("=").upper(), RARE.encode()[4:].hex("=").upper()
    subject = f"Subject: =?utf-8?Q?={first}?=\r\n =?utf-8?Q?={second}?=".encode()

    assert parse(mail(subject, without=(b"Subject",))).event.subject == RARE


def test_encoded_words_that_touch_other_words_are_read() -> None:
    subject = f"Subject: [{word('课', 'utf-8')}]{word('程', 'gb2312')} a =?utf-8?Q?b c?= =?x?y?z?=".encode()

    assert parse(mail(subject, without=(b"Subject",))).event.subject == "[课]程 a b c =?x?y?z?="


@pytest.mark.parametrize(
    "code", ["=?utf-8?q?=ED=A0=80?=", "=?utf-7?q?+2AA-?=", "=?utf-8?q?a=00b?=", "=?utf-16?b?ANg=?="]
)
def test_nothing_that_a_database_refuses_comes_through(code: str) -> None:
    subject = parse(mail(f"Subject: {code}".encode(), without=(b"Subject",))).event.subject

    assert "\x00" not in subject
    assert subject.encode()


def test_a_text_file_is_read_in_its_charset() -> None:
    calendar = part("text/calendar; charset=gb2312", b"SUMMARY:" + RARE.encode("gb18030"))

    assert part_text(whole(multipart("mixed", part("text/plain", b"Hi"), calendar)), 1) == f"SUMMARY:{RARE}"


def test_html_without_a_label_is_read_in_the_charset_that_it_names() -> None:
    page = f"<html><head><meta charset='gb2312'></head><p>{RARE}</p></html>".encode("gb18030")

    assert parse(mail(b"Content-Type: text/html", page)).event.text == RARE


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse(text("\ufeffHello".encode())).event.text == "Hello"
