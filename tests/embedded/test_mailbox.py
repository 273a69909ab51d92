"""The capture box."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from edupulse.embedded import mailbox

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
RAW = b"Message-ID: <a@school.example>\r\nSubject: =?utf-8?b?5rC05b2p?=\r\n\r\nHello\r\n"


def put(folder: Path, raw: bytes = RAW) -> mailbox.Captured:
    return mailbox.store(folder, raw, sender="school@school.example", recipients=["li@school.example"], at=AT)


def test_a_mail_is_found_by_its_message_id_exactly_as_it_came(tmp_path: Path) -> None:
    put(tmp_path)

    found = mailbox.arrived(tmp_path, "<a@school.example>")

    assert found is not None
    assert found.read_bytes() == RAW


def test_a_mail_that_did_not_arrive_is_not_found(tmp_path: Path) -> None:
    put(tmp_path)

    assert mailbox.arrived(tmp_path, "<b@school.example>") is None


def test_a_duplicate_is_kept_and_counted(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path)

    assert mailbox.copies(tmp_path, "<a@school.example>") == 2


def test_the_index_names_what_arrived_in_words(tmp_path: Path) -> None:
    put(tmp_path)

    (entry,) = mailbox.captured(tmp_path)

    assert (entry.subject, entry.recipients, entry.at) == ("水彩", ["li@school.example"], AT.isoformat())


def test_a_subject_in_an_unknown_charset_is_shown_as_it_is(tmp_path: Path) -> None:
    entry = put(tmp_path, b"Subject: =?no-such-charset?q?x?=\r\n\r\n")

    assert entry.subject == "=?no-such-charset?q?x?="


def test_a_mail_without_message_id_is_kept_too(tmp_path: Path) -> None:
    entry = put(tmp_path, b"\r\nno header at all\r\n")

    assert (tmp_path / entry.file).read_bytes() == b"\r\nno header at all\r\n"


def test_a_line_that_is_being_written_is_left_for_next_time(tmp_path: Path) -> None:
    put(tmp_path)
    with (tmp_path / mailbox.INDEX).open("a") as index:
        index.write('{"at": "half a li')

    assert len(list(mailbox.captured(tmp_path))) == 1


def test_a_message_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    put(tmp_path, b"Message-ID: <../../etc/passwd>\r\n\r\n")

    assert mailbox.arrived(tmp_path, "<../../etc/passwd>") is not None
    assert {path.parent for path in tmp_path.rglob("*.eml")} == {tmp_path}
