"""A poll of a real server: all that is new, each once, whatever other clients did to it, and nothing written there."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from edupulse.accounts.models import AuditEntry
from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mail.models import Delivery
from edupulse.mailboxes.health import health_of
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import Session
from edupulse.mailboxes.models import Arrival, Cursor, InboundMessage, Mailbox
from edupulse.mailboxes.polling import batches, locks, slots
from edupulse.mailboxes.polling.poll import poll
from edupulse.sealing import seal
from edupulse.storage import storage
from edupulse.transaction import transaction
from tests.doubles.imap_double import ImapDouble, Rule, close, drip, on, reset, stall, tell, usual
from tests.mailboxes.boxes import a_mailbox, at_dovecot
from tests.mailboxes.dovecot import Dovecot, numbered


def mail(number: int, *, message_id: str = "", size: int = 300) -> bytes:
    own = f"Message-ID: {message_id}\r\n" if message_id else ""
    return f"From: a@example.org\r\nSubject: Mail {number}\r\n{own}\r\n".encode() + b"x" * size + b"\r\n"


def kept() -> list[bytes]:
    """Return the bytes of all messages in the ledger, in the order in which they came."""
    keys = db.session.scalars(select(InboundMessage.storage_key).order_by(InboundMessage.id)).all()
    return [storage().read(key) for key in keys]


def jobs() -> Counter[int]:
    runs = db.session.scalars(select(JobRun.arguments).where(JobRun.name == "mailboxes.process"))
    return Counter(each["message_id"] for each in runs)


def row(mailbox: Mailbox) -> Mailbox:
    return db.session.get_one(Mailbox, mailbox.id, populate_existing=True)


def change(mailbox: Mailbox, **values: object) -> None:
    with transaction() as session:
        session.execute(update(Mailbox).where(Mailbox.id == mailbox.id).values(values))


def test_what_is_new_is_kept_byte_for_byte_with_one_job_each(app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    mails = [mail(number) for number in range(3)]
    dovecot.deliver_many(mailbox.username, mails)

    first, second = poll(mailbox.id), poll(mailbox.id)

    assert first == {"outcome": "done", "new": 3, "known": 0, "left": 0}
    assert second == {"outcome": "done", "new": 0, "known": 0, "left": 0}
    assert kept() == mails
    assert sorted(jobs().values()) == [1, 1, 1]
    assert row(mailbox).succeeded_at is not None
    assert row(mailbox).locked_until is None


def test_nothing_is_written_to_the_server(sqlite_app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1))

    poll(mailbox.id)

    assert "S" not in dovecot.messages(mailbox.username)[0].name.partition(":2,")[2]


def test_what_another_client_has_read_first_is_fetched_all_the_same(
    sqlite_app: Flask, dovecot: Dovecot
) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1), seen=True)
    dovecot.deliver(mailbox.username, mail(2))

    assert poll(mailbox.id)["new"] == 2


def test_messages_without_or_with_equal_message_ids_are_messages_of_their_own(
    sqlite_app: Flask, dovecot: Dovecot
) -> None:
    mailbox = at_dovecot(dovecot)
    mails = [mail(1), mail(2), mail(3, message_id="<same@x>"), mail(4, message_id="<same@x>")]
    dovecot.deliver_many(mailbox.username, mails)

    poll(mailbox.id)

    assert kept() == mails


def test_a_new_uidvalidity_reads_all_anew_and_processes_only_what_is_unknown(
    app: Flask, dovecot: Dovecot
) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, [mail(1), mail(2)])
    poll(mailbox.id)
    dovecot.recreate(mailbox.username)
    dovecot.deliver(mailbox.username, mail(3))

    again = poll(mailbox.id)

    assert again == {"outcome": "done", "new": 1, "known": 2, "left": 0}
    assert kept() == [mail(1), mail(2), mail(3)]
    assert sorted(jobs().values()) == [1, 1, 1]
    assert db.session.scalar(select(func.count()).select_from(Cursor)) == 2
    entries = db.session.scalars(select(AuditEntry.action)).all()
    assert list(entries).count("mailbox.uidvalidity") == 1


def test_another_user_or_folder_begins_anew_and_the_same_goes_on(sqlite_app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1))
    dovecot.deliver(mailbox.username, mail(2), folder="School")
    poll(mailbox.id)

    change(mailbox, folder="School")
    other = poll(mailbox.id)
    change(mailbox, folder="INBOX", interval_seconds=300)
    back = poll(mailbox.id)

    assert (other["new"], back["new"], back["known"]) == (1, 0, 0)


def test_twenty_polls_at_once_make_one_connection_and_no_duplicates(app: Flask, dovecot: Dovecot) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, numbered(500, 30))
    outcomes: list[str] = []

    def at_once() -> None:
        with app.app_context():
            barrier.wait()
            outcomes.append(str(poll(mailbox.id)["outcome"]))
            db.session.remove()

    barrier = threading.Barrier(20)
    threads = [threading.Thread(target=at_once) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(outcomes) <= {"done", "skipped_locked", "skipped_full"}
    assert len(kept()) == 30
    assert set(jobs().values()) == {1}


def test_a_large_message_is_streamed_between_the_small_ones_in_its_order(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LARGE", 10_000)
    mailbox = at_dovecot(dovecot)
    mails = [mail(1), mail(2, size=50_000), mail(3)]
    dovecot.deliver_many(mailbox.username, mails)

    poll(mailbox.id)

    assert kept() == mails


def test_what_is_left_is_fetched_by_the_next_poll_which_is_ordered_at_once(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edupulse.mailboxes.polling.intake.AT_ONCE", 2)
    monkeypatch.setattr("edupulse.mailboxes.polling.intake.LONGEST", 0.0)
    mailbox = at_dovecot(dovecot)
    dovecot.deliver_many(mailbox.username, [mail(number) for number in range(3)])

    first = poll(mailbox.id)

    assert first["left"] == 3
    assert row(mailbox).backlog == 3
    runs = db.session.scalars(select(JobRun.arguments).where(JobRun.name == "mailboxes.poll")).all()
    assert runs == [{"mailbox_id": mailbox.id}]


@pytest.mark.parametrize(("action", "flags"), [("seen", "S"), ("move", "")])
def test_the_after_action_comes_last_and_is_done_once(
    sqlite_app: Flask, dovecot: Dovecot, action: str, flags: str
) -> None:
    mailbox = at_dovecot(dovecot, after_action=action, move_to="Done")
    dovecot.deliver_many(mailbox.username, [mail(1), mail(2)])

    poll(mailbox.id)

    left = dovecot.messages(mailbox.username)
    moved = dovecot.messages(mailbox.username, folder="Done")
    assert (len(left), len(moved)) == ((2, 0) if action == "seen" else (0, 2))
    assert all(flags in each.name.partition(":2,")[2] for each in left + moved)
    assert not db.session.scalar(select(func.count()).where(Arrival.tell_server))
    assert poll(mailbox.id)["new"] == 0


def test_a_mailbox_that_is_switched_off_or_removed_is_not_connected_to(sqlite_app: Flask) -> None:
    off, gone = a_mailbox(enabled=False), a_mailbox(removed_at=now())

    assert poll(off.id)["outcome"] == poll(gone.id)["outcome"] == poll(999)["outcome"] == "skipped_disabled"


def test_a_server_that_is_away_is_tried_later_and_later_and_never_given_up(app: Flask) -> None:
    mailbox = a_mailbox(port=1)

    first = poll(mailbox.id)
    waits = poll(mailbox.id)
    poll(mailbox.id, by="hand")

    assert first["outcome"] == "failed"
    assert waits["outcome"] == "skipped_waiting"
    found = row(mailbox)
    assert (found.failures, found.error_class, found.stopped_at) == (2, "network", None)
    assert found.retry_at is not None
    assert found.retry_at > now()


def test_a_refused_password_stops_after_three_tries_and_people_hear_of_it_once(
    app: Flask, dovecot: Dovecot
) -> None:
    mailbox = at_dovecot(dovecot, staff=["office@school.example"])
    change(mailbox, password_sealed=seal("wrong"))

    for _ in range(4):
        poll(mailbox.id, by="hand")

    found = row(mailbox)
    assert (found.error_class, found.failures) == ("auth", 4)
    assert found.stopped_at is not None
    assert "wrong" not in f"{found.error}{found.cure}"
    assert poll(mailbox.id)["outcome"] == "skipped_waiting"
    assert [each.address for each in db.session.scalars(select(Delivery))] == ["office@school.example"]


def test_a_mailbox_that_works_again_says_so_to_whom_it_had_alarmed(
    sqlite_app: Flask, dovecot: Dovecot
) -> None:
    mailbox = at_dovecot(
        dovecot,
        staff=["office@school.example"],
        failures=9,
        error_class="network",
        alerted_at=now() - timedelta(hours=1),
    )

    poll(mailbox.id)

    found = row(mailbox)
    assert (found.failures, found.error_class, found.alerted_at) == (0, None, None)
    assert "works again" in db.session.scalars(select(Delivery.subject)).one()


def test_a_storage_that_is_full_moves_no_cursor_and_is_named(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edupulse.errors import Unavailable
    from edupulse.storage import FolderStorage

    def full(*_: object) -> None:
        raise Unavailable("Received mails cannot be kept: No space left on device.")

    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1))
    with monkeypatch.context() as broken:
        broken.setattr(FolderStorage, "put_many", full)
        first = poll(mailbox.id)

    again = poll(mailbox.id, by="hand")

    assert (first["outcome"], row(mailbox).error_class) == ("failed", None)
    assert again["new"] == 1


def test_a_poll_of_a_mailbox_that_is_changed_meanwhile_writes_nothing_more(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1))
    put = type(storage()).put_many

    def put_and_change(self: object, items: list[bytes]) -> object:
        change(mailbox, revision=1)
        return put(self, items)

    with monkeypatch.context() as patched:
        patched.setattr(type(storage()), "put_many", put_and_change)
        overtaken = poll(mailbox.id)

    assert overtaken["outcome"] == "skipped_overtaken"
    assert kept() == []
    assert poll(mailbox.id)["new"] == 1


def test_a_locked_mailbox_is_skipped_with_the_reason(sqlite_app: Flask) -> None:
    mailbox = a_mailbox()
    locks.take(mailbox, now())

    skipped = poll(mailbox.id)

    assert skipped["outcome"] == "skipped_locked"
    assert "already" in str(skipped["why"])


@pytest.mark.parametrize(
    "rule",
    [
        on("uid search", stall),
        on("uid fetch", reset),
        on("uid fetch", drip(b"* 1 FETCH (UID 1 BODY[] {9999}\r\n", 0.05)),
        on("login", usual, stall),
        on("uid fetch", tell("* BYE shutting down"), close),
    ],
    ids=["silent", "reset", "drips", "hangs after login", "says good-bye"],
)
def test_a_server_that_misbehaves_is_left_in_time_and_the_next_poll_has_all(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    quick = {"connect_timeout": 0.3, "read_timeout": 0.3, "total": 0.6}
    monkeypatch.setattr("edupulse.mailboxes.signin.connecting.ImapAccount", partial(ImapAccount, **quick))
    monkeypatch.setattr("edupulse.mailboxes.polling.intake.PATIENCE", 0.6)
    with ImapDouble(rule, messages={1: mail(1), 2: mail(2)}) as double:
        mailbox = a_mailbox(port=double.port, username="office", password_sealed=seal("wordpass"))
        first = poll(mailbox.id)
        double.rules = ()
        second = poll(mailbox.id, by="hand")

    assert first["outcome"] == "failed"
    assert (second["outcome"], second["new"]) == ("done", 2)
    assert kept() == [mail(1), mail(2)]


def test_a_message_that_the_server_does_not_give_blocks_no_other_and_people_hear_of_it(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = at_dovecot(dovecot, staff=["office@school.example"])
    monkeypatch.setattr(batches, "MOST_TOGETHER", 1)
    mails = [mail(number) for number in range(3)]
    dovecot.deliver_many(mailbox.username, mails)
    fetch = Session.fetch

    def withholding(self: Session, batches: Iterable[list[int]]) -> Iterator[object]:
        for batch in batches:
            if 2 in batch:
                raise ImapFailure(
                    "protocol", "fetch", "It is there and not given.", cause="withheld", uids=[2]
                )
            yield from fetch(self, [batch])

    monkeypatch.setattr(Session, "fetch", withholding)

    found = poll(mailbox.id)

    assert found == {"outcome": "done", "new": 2, "known": 0, "left": 0}
    assert kept() == [mails[0], mails[2]]
    assert "cannot be fetched" in db.session.scalars(select(Delivery.subject)).one()


def test_where_every_slot_of_the_process_polls_another_poll_comes_later(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "PATIENCE", 0.01)
    mailbox = a_mailbox()
    with ExitStack() as taken:
        while taken.enter_context(slots.one()):
            pass
        full = poll(mailbox.id)

    assert full["outcome"] == "skipped_full"
    run = db.session.scalars(select(JobRun).where(JobRun.name == "mailboxes.poll")).one()
    assert (run.state, run.arguments) == ("deferred", {"mailbox_id": mailbox.id, "by": "clock"})
    assert poll(mailbox.id)["outcome"] == "failed"


def test_ten_polls_at_once_and_nine_servers_that_hang_hold_up_nobody_else(
    sqlite_app: Flask, dovecot: Dovecot, change_settings: Callable[..., None]
) -> None:
    change_settings(worker_threads=11)
    quick = at_dovecot(dovecot)
    dovecot.deliver(quick.username, mail(1))
    with ImapDouble(on("uid search", stall)) as double, ThreadPoolExecutor(10) as pool:
        values = {"port": double.port, "username": "office", "password_sealed": seal("wordpass")}
        stuck = [a_mailbox(**values, folder=f"F{number}") for number in range(9)]

        def in_a_thread(mailbox_id: int) -> dict[str, int | str]:
            with sqlite_app.app_context():
                return poll(mailbox_id)

        hanging = [pool.submit(in_a_thread, mailbox.id) for mailbox in stuck]
        while double.connections < 9:
            time.sleep(0.01)
        found = pool.submit(in_a_thread, quick.id).result(timeout=20)
        still = [each.done() for each in hanging]
        double.stopping.set()

    assert found == {"outcome": "done", "new": 1, "known": 0, "left": 0}
    assert still == [False] * 9


def test_a_disk_that_is_full_under_a_large_message_is_named_and_is_not_the_servers_fault(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "LARGE", 10_000)
    mailbox = at_dovecot(dovecot)
    dovecot.deliver(mailbox.username, mail(1, size=50_000))
    with monkeypatch.context() as small:
        small.setattr("edupulse.mailboxes.polling.intake._Arriving.write", full_disk)
        first = poll(mailbox.id)

    found = row(mailbox)
    assert (first["outcome"], found.error_class) == ("failed", "storage")
    assert "No space left on device" in str(found.error)
    assert poll(mailbox.id, by="hand")["new"] == 1


def test_a_large_message_that_the_server_does_not_give_blocks_no_other_either(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withheld(*_: object) -> None:
        raise ImapFailure("protocol", "fetch", "It is there and not given.", cause="withheld", uids=[1])

    monkeypatch.setattr(batches, "LARGE", 10_000)
    monkeypatch.setattr(Session, "fetch_to", withheld)
    mailbox = at_dovecot(dovecot, staff=["office@school.example"])
    dovecot.deliver_many(mailbox.username, [mail(1, size=50_000), mail(2)])

    assert poll(mailbox.id) == {"outcome": "done", "new": 1, "known": 0, "left": 0}
    assert kept() == [mail(2)]
    assert "cannot be fetched" in db.session.scalars(select(Delivery.subject)).one()


def full_disk(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_folder_that_cannot_be_moved_to_stops_no_reading_and_people_hear_of_it_once(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise ImapFailure(
            "permission", "move", "You may not write there.", cause="refused", cure="Choose another."
        )

    mailbox = at_dovecot(dovecot, after_action="move", move_to="Done", staff=["office@school.example"])
    monkeypatch.setattr(Session, "move", refused)
    for number in range(5):
        dovecot.deliver(mailbox.username, mail(number))
        assert poll(mailbox.id)["new"] == 1

    found = row(mailbox)
    assert (found.failures, found.stopped_at) == (0, None)
    assert "You may not write there." in health_of(found, now()).words
    assert "cannot be moved" in db.session.scalars(select(Delivery.subject)).one()
    monkeypatch.undo()
    poll(mailbox.id)
    assert len(dovecot.messages(mailbox.username, folder="Done")) == 5
    assert row(mailbox).error is None
