"""Messages, UIDs, cursor and jobs stand or fall together, and the same bytes are the same message."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.clock import now
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.models import Arrival, Cursor, InboundMessage, Mailbox
from edupulse.mailboxes.polling import locks
from edupulse.mailboxes.polling.cursors import cursor_of
from edupulse.mailboxes.polling.keeping import Fresh, keep
from edupulse.storage import storage
from edupulse.transaction import transaction
from tests.mailboxes.boxes import a_mailbox


def a_cursor(mailbox: Mailbox, uidvalidity: int = 7) -> Cursor:
    with transaction() as session:
        return cursor_of(session, mailbox, uidvalidity, now())


def fresh(uid: int, data: bytes) -> Fresh:
    return Fresh(uid, storage().put(data), None)


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_batch_becomes_messages_arrivals_jobs_and_a_cursor(app: Flask) -> None:
    mailbox = a_mailbox()
    hold, cursor = locks.take(mailbox, now()), a_cursor(mailbox)

    kept = keep(hold, cursor.id, [fresh(3, b"one"), fresh(4, b"two")], upto=4, tell_server=False)

    assert (kept.new, kept.known) == (2, 0)
    jobs = db.session.scalars(select(JobRun.arguments).where(JobRun.name == "mailboxes.process")).all()
    ids = set(db.session.scalars(select(InboundMessage.id)))
    assert {each["message_id"] for each in jobs} == ids
    assert db.session.get_one(Cursor, cursor.id, populate_existing=True).last_uid == 4


def test_the_same_bytes_again_are_the_same_message_and_no_new_job(app: Flask) -> None:
    mailbox = a_mailbox()
    hold, cursor = locks.take(mailbox, now()), a_cursor(mailbox)
    keep(hold, cursor.id, [fresh(3, b"one")], upto=3, tell_server=False)

    kept = keep(hold, cursor.id, [fresh(4, b"one"), fresh(5, b"one")], upto=5, tell_server=False)

    assert (kept.new, kept.known) == (0, 2)
    assert (count(InboundMessage), count(Arrival), count(JobRun)) == (1, 3, 1)


def test_two_mailboxes_that_get_the_same_bytes_have_a_message_each_and_one_file(app: Flask) -> None:
    boxes = [a_mailbox(), a_mailbox()]

    for mailbox in boxes:
        keep(
            locks.take(mailbox, now()),
            a_cursor(mailbox).id,
            [fresh(1, b"to both")],
            upto=1,
            tell_server=False,
        )

    keys = set(db.session.scalars(select(InboundMessage.storage_key)))
    assert (count(InboundMessage), len(keys)) == (2, 1)


def test_who_lost_the_mailbox_leaves_no_trace(app: Flask) -> None:
    mailbox = a_mailbox()
    hold, cursor = locks.take(mailbox, now()), a_cursor(mailbox)
    locks.take(mailbox, now() + 2 * locks.LOCK)

    with pytest.raises(locks.Lost):
        keep(hold, cursor.id, [fresh(3, b"one")], upto=3, tell_server=False)

    assert (count(InboundMessage), count(Arrival), count(JobRun)) == (0, 0, 0)
    assert db.session.get_one(Cursor, cursor.id, populate_existing=True).last_uid == 0


def test_a_cursor_never_goes_back(app: Flask) -> None:
    mailbox = a_mailbox()
    hold, cursor = locks.take(mailbox, now()), a_cursor(mailbox)
    keep(hold, cursor.id, [], upto=9, tell_server=False)

    keep(hold, cursor.id, [fresh(3, b"late")], upto=3, tell_server=False)

    assert db.session.get_one(Cursor, cursor.id, populate_existing=True).last_uid == 9


@pytest.mark.parametrize("number", [4_294_967_295])
def test_numbers_of_32_bits_without_a_sign_fit(app: Flask, number: int) -> None:
    mailbox = a_mailbox()
    hold, cursor = locks.take(mailbox, now()), a_cursor(mailbox, number)

    keep(hold, cursor.id, [fresh(number, b"one")], upto=number, tell_server=False)

    assert db.session.scalar(select(Arrival.uid)) == number
