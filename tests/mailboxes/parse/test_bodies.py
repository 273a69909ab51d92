"""Parts become what a person reads: the text, the HTML, and the rest as files."""

from __future__ import annotations

from hashlib import sha256

import pytest

from edupulse.errors import NotFound
from edupulse.mailboxes.parse import parse, parse_head, part_bytes
from tests.mailboxes.parse.mails import HEAD, RARE, file, html, mail, multipart, part, whole, winmail

_PLAIN = part("text/plain; charset=utf-8", b"Hello")
_RICH = part("text/html; charset=utf-8", b"<p>Hello <b>you</b></p>")


def test_alternatives_give_text_and_html() -> None:
    event = parse(whole(multipart("alternative", _PLAIN, _RICH))).event

    assert (event.text, event.html) == ("Hello", "<p>Hello <b>you</b></p>")
    assert event.attachments == ()


def test_html_alone_gives_the_text_too() -> None:
    event = parse(
        html("<style>p{}</style><h1>Fees</h1><p>Pay&nbsp;&lt;now&gt;<br>or <a href='https://x.example/a'>later</a></p>"
             "<ul><li>one<li>two</ul><blockquote>old<br>words</blockquote><pre>a\n  b</pre>")
    ).event  # fmt: skip

    assert event.text == (
        "Fees\n\nPay <now>\nor later <https://x.example/a>\n\n- one\n- two\n\n> old\n> words\n\na\n  b"
    )


def test_text_around_a_picture_is_one_text() -> None:
    picture = file("a.png", b"\x89PNG\r\n\x1a\n", "image/png")

    event = parse(whole(multipart("mixed", _PLAIN, picture, part("text/plain", b"Bye")))).event

    assert event.text == "Hello\nBye"
    assert [each.filename for each in event.attachments] == ["a.png"]


def test_a_text_file_is_a_file_and_no_text() -> None:
    event = parse(whole(multipart("mixed", _PLAIN, file("notes.txt", b"secret", "text/plain")))).event

    assert event.text == "Hello"
    assert event.attachments[0].filename == "notes.txt"


def test_an_attachment_tells_its_size_its_hash_and_what_its_bytes_say() -> None:
    data = b"MZ\x90\x00" * 500
    raw = whole(multipart("mixed", _PLAIN, file("invoice.pdf", data)))

    (found,) = parse(raw).event.attachments

    assert (found.size, found.sha256) == (2_000, sha256(data).hexdigest())
    assert (found.content_type, found.sniffed_type) == ("application/pdf", "application/x-msdownload")
    assert part_bytes(raw, found.index) == data


def test_a_picture_in_the_html_is_found_by_its_content_id() -> None:
    picture = part("image/png", b"\x89PNG\r\n\x1a\n", "Content-ID: <logo@x>")

    (found,) = parse(whole(multipart("related", _RICH, picture))).event.attachments

    assert (found.inline, found.content_id, found.filename) == (True, "logo@x", "part-1.png")


def test_an_attached_message_is_a_file_and_not_a_part_of_the_text() -> None:
    attached = part("message/rfc822", HEAD + b"\r\nSecret words")
    raw = whole(multipart("mixed", _PLAIN, attached))

    parsed = parse(raw)

    assert parsed.event.text == "Hello"
    assert parsed.event.attachments[0].filename == "part-1.eml"
    assert part_bytes(raw, 1) == HEAD + b"\r\nSecret words"
    assert parsed.message.get_payload()[1].get_payload()[0]["Subject"] == "A question"  # type: ignore[index, union-attr]


@pytest.mark.parametrize(
    "content_type",
    ["text/calendar; method=REQUEST", "application/ics", 'application/octet-stream; name="a.ICS"'],
)
def test_calendar_files_are_named_by_their_index(content_type: str) -> None:
    calendar = part(content_type, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")

    event = parse(whole(multipart("mixed", _PLAIN, calendar))).event

    assert event.calendar == (1,)
    assert event.attachments[0].sniffed_type == "text/calendar"


def test_a_message_that_is_only_a_calendar_is_one() -> None:
    event = parse(mail(b"Content-Type: text/calendar", b"BEGIN:VCALENDAR")).event

    assert (event.calendar, event.text) == ((0,), "")


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\\\\\Windows\\\\\\\\evil.exe", "evil.exe"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x07\tb:c*.pdf", "a b_c_.pdf"),
        ("..", "part-1.pdf"),
        ("", "part-1.pdf"),
        (".htaccess. ", "htaccess"),
        ("n" * 500 + ".pdf", "n" * 146 + ".pdf"),
    ],
)
def test_a_file_gets_a_name_without_a_path_and_tricks(written: str, safe: str) -> None:
    attached = part("application/pdf", b"x").replace(
        b"\r\n\r\n", f'\r\nContent-Disposition: attachment; filename="{written}"\r\n\r\n'.encode()
    )

    (found,) = parse(whole(multipart("mixed", _PLAIN, attached))).event.attachments

    assert found.filename == safe


def test_soft_lines_become_paragraphs_again() -> None:
    body = b"one \r\ntwo\r\n\r\n> three \r\n> four\r\n> \r\n-- \r\nAnn \r\nLee\r\n"

    event = parse(mail(b"Content-Type: text/plain; format=flowed", body)).event

    assert event.text == "one two\n\n> three four\n> \n-- \nAnn Lee\n"


def test_a_report_can_be_read_block_by_block() -> None:
    report = b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; a@b.c\r\nStatus: 5.1.1\r\n\r\nStatus: 4.2.2\r\n"
    raw = whole(
        multipart("report; report-type=delivery-status", _PLAIN, part("message/delivery-status", report))
    )

    blocks = parse(raw).message.get_payload()[1].get_payload()  # type: ignore[union-attr]

    assert [block["Status"] for block in blocks] == [None, "5.1.1", "4.2.2"]  # type: ignore[index, union-attr]


def test_a_line_of_a_report_that_lost_its_indentation_belongs_to_the_one_above() -> None:
    report = b"Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 No such\r\nuser here\r\n"

    (block,) = parse(mail(b"Content-Type: message/delivery-status", report)).message.get_payload()

    assert block["Diagnostic-Code"] == "smtp; 550 No such user here"  # type: ignore[index]


def test_of_a_giant_only_the_headers_are_read() -> None:
    event = parse_head(
        HEAD + b"Content-Type: multipart/mixed; boundary=B\r\n\r\n--B",
        sha256="ab" * 32,
        size=10**8,
        why="too large",
    ).event

    assert (event.subject, event.size, event.sha256) == ("A question", 10**8, "ab" * 32)
    assert (event.text, event.attachments) == ("", ())
    assert event.defects == ("too large",)


def test_headers_cut_in_the_middle_of_a_giant_are_read() -> None:
    assert parse_head(HEAD[:-9], sha256="ab" * 32, size=10**8, why="too large").event.subject == "A question"


@pytest.mark.parametrize("index", [-1, 7, 1_000, 10**9])
def test_a_part_that_is_not_there_is_not_found(index: int) -> None:
    with pytest.raises(NotFound):
        part_bytes(mail(), index)


def test_files_that_outlook_packed_into_winmail_dat_are_files() -> None:
    raw = whole(
        multipart(
            "mixed",
            _PLAIN,
            file("winmail.dat", winmail("FEE~1.PDF", f"{RARE}.pdf", b"%PDF-1.7"), "application/ms-tnef"),
        )
    )

    packed, inside = parse(raw).event.attachments

    assert (packed.filename, packed.sniffed_type) == ("winmail.dat", "application/ms-tnef")
    assert (inside.filename, inside.content_type, inside.size) == (f"{RARE}.pdf", "application/pdf", 8)
    assert part_bytes(raw, inside.index) == b"%PDF-1.7"
    with pytest.raises(NotFound):
        part_bytes(raw, inside.index + 1)


@pytest.mark.parametrize("kept", range(0, 160, 7))
def test_a_broken_winmail_dat_is_a_file_all_the_same(kept: int) -> None:
    broken = winmail("a.pdf", "b.pdf", b"%PDF-1.7")[:kept] + b"\xff" * 9

    event = parse(whole(multipart("mixed", _PLAIN, file("winmail.dat", broken, "application/ms-tnef")))).event

    assert event.attachments[0].size == len(broken)
