"""The client on a real Dovecot: folders, UIDs, messages, and no trace of having read them."""

from __future__ import annotations

import imaplib
import io
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import Session, connect
from edupulse.secret import Secret
from tests.mailboxes.dovecot import Dovecot, numbered
from tests.mailboxes.imap.accounts import at_dovecot

MIB = 1024 * 1024


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_a_message_comes_byte_for_byte_over_any_line(dovecot: Dovecot, security: str) -> None:
    account = at_dovecot(dovecot, f"bytes-{security}", security)
    message = bytes(range(1, 256)).replace(b"\n", b"") + b"\r\n)\r\nE3 OK done\r\n{5}\r\n"
    dovecot.deliver(account.username, message, at=datetime(2026, 3, 12, 9, 0, tzinfo=UTC))

    with connect(account) as session:
        look = session.look("INBOX")
        [[fetched]] = session.fetch([look.uids])

    assert fetched.data == message
    assert fetched.internal_date == datetime(2026, 3, 12, 9, 0, tzinfo=UTC)


def test_all_of_many_pipelined_batches_arrive_though_the_server_answers_several_at_once(
    dovecot: Dovecot,
) -> None:
    account = at_dovecot(dovecot, "many")
    messages = list(numbered(11_000, 400))
    dovecot.deliver_many("many", messages)

    with connect(account) as session:
        uids = session.look("INBOX").uids
        batches = [uids[start : start + 25] for start in range(0, len(uids), 25)]
        got = list(session.fetch(batches))

    assert [[each.uid for each in batch] for batch in got] == batches
    assert [each.data for batch in got for each in batch] == messages


def test_reading_leaves_no_trace_and_flags_change_nothing(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "flags")
    dovecot.deliver("flags", b"Subject: read elsewhere\r\n\r\n", seen=True)
    dovecot.deliver("flags", b"Subject: unread\r\n\r\n")

    with connect(account) as session:
        look = session.look("INBOX")
        sizes = session.sizes(look.uids)
        [batch] = session.fetch([look.uids])

    assert [each.data for each in batch] == [b"Subject: read elsewhere\r\n\r\n", b"Subject: unread\r\n\r\n"]
    assert [each.size for each in sizes] == [len(each.data) for each in batch]
    assert _flags(dovecot, "flags") == [True, False]


def test_only_what_is_behind_the_cursor_is_found(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "cursor")
    dovecot.deliver_many("cursor", numbered(300, 3))

    with connect(account) as session:
        folder = session.examine("INBOX")
        found = [session.look("INBOX", uidvalidity=folder.uidvalidity, after=uid).uids for uid in range(5)]

    assert found == [[1, 2, 3], [2, 3], [3], [], []]
    assert (folder.exists, folder.uidnext) == (3, 4)


def test_another_uidvalidity_brings_all_uids_whatever_the_cursor_says(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "renewed")
    dovecot.deliver_many("renewed", numbered(300, 3))
    with connect(account) as session:
        before = session.examine("INBOX")

    dovecot.recreate("renewed")

    with connect(account) as session:
        look = session.look("INBOX", uidvalidity=before.uidvalidity, after=3)
    assert look.folder.uidvalidity > before.uidvalidity
    assert look.uids == [1, 2, 3]


def test_what_vanishes_between_search_and_fetch_is_left_out(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "vanishing")
    dovecot.deliver_many("vanishing", numbered(300, 4))

    with connect(account) as session:
        uids = session.look("INBOX").uids
        dovecot.vanish("vanishing", 1)
        sizes = session.sizes(uids)
        [first, second] = session.fetch([uids[:2], uids[2:]])
        left = session.present(uids)
        gone = session.fetch_to(2, 300, io.BytesIO())

    assert [each.uid for each in first + second] == [1, 3, 4]
    assert {each.uid for each in sizes} >= {1, 3, 4}
    assert left == {1, 3, 4}
    assert gone is None


def test_a_huge_message_flows_into_a_file_and_not_into_the_memory(dovecot: Dovecot, tmp_path: Path) -> None:
    account = at_dovecot(dovecot, "huge")
    size = 50 * MIB
    dovecot.deliver("huge", b"Subject: huge\r\n\r\n" + (b"x" * 1022 + b"\r\n") * (size // 1024))

    with connect(account) as session, (tmp_path / "message").open("wb") as file:
        [header] = session.sizes(session.look("INBOX").uids)
        tracemalloc.start()
        written = session.fetch_to(header.uid, header.size, file)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert written == header
    assert (tmp_path / "message").stat().st_size == header.size > size
    assert peak < 2 * MIB


def test_folders_have_their_own_names_in_any_script(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "names")
    dovecot.deliver("names", b"Subject: hello\r\n\r\n", folder="收件箱 & Bücher")

    with connect(account) as session:
        look = session.look("收件箱 & Bücher")

    assert look.folder.exists == 1


def test_messages_are_moved_into_a_folder_that_is_made_and_a_second_time_is_no_harm(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "moving")
    dovecot.deliver_many("moving", numbered(300, 3))

    with connect(account) as session:
        uids = session.look("INBOX").uids
        session.select("INBOX")
        session.mark_seen(uids[:1])
        session.move(uids[:2], "Done")
        session.move(uids[:2], "Done")
        left, moved = session.all_uids(), session.examine("Done").exists

    assert (left, moved) == ([3], 2)


def test_without_move_messages_are_copied_once_and_then_expunged(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "copying")
    dovecot.deliver_many("copying", numbered(300, 2))

    with connect(account) as session:
        session.capabilities -= {"MOVE"}
        session.select("INBOX")
        session.move([1], "Done")
        session.move([1], "Done")
        left, moved = session.all_uids(), session.examine("Done").exists

    assert (left, moved) == ([2], 1)


def test_a_folder_that_is_not_there_is_a_setting_and_the_session_goes_on(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "nofolder")

    with connect(account) as session:
        with pytest.raises(ImapFailure) as failure:
            session.look("Elsewhere")
        exists = session.look("INBOX").folder.exists

    assert (failure.value.kind, failure.value.step, exists) == ("setting", "select", 0)


def test_a_wrong_password_is_an_auth_failure_that_does_not_show_it(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "wrong")

    with pytest.raises(ImapFailure) as failure:
        connect(replace(account, secret=Secret("not the password")))

    assert (failure.value.kind, failure.value.step) == ("auth", "login")
    assert "not the password" not in str(failure.value)


def test_an_abandoned_fetch_does_not_disturb_what_comes_after(dovecot: Dovecot) -> None:
    account = at_dovecot(dovecot, "abandoned")
    dovecot.deliver_many("abandoned", numbered(11_000, 20))

    with connect(account) as session:
        uids = session.look("INBOX").uids
        next(session.fetch([[uid] for uid in uids]))
        again = session.all_uids()
        whole = _whole(session, uids[3])

    assert again == uids
    assert b"Question 3" in whole


def _whole(session: Session, uid: int) -> bytes:
    file = io.BytesIO()
    session.fetch_to(uid, 11_000, file)
    return file.getvalue()


def _flags(server: Dovecot, user: str) -> list[bool]:
    # With the standard library's client, so that ours does not vouch for itself.
    other = imaplib.IMAP4(server.host, server.port)
    other.login(user, server.add_user(user))
    other.select(readonly=True)
    _, told = other.uid("FETCH", "1:*", "(FLAGS)")
    other.logout()
    return [rb"\Seen" in each for each in told if isinstance(each, bytes)]
