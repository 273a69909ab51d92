"""One poll at a time, and nobody who was overtaken writes anything."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from edupulse.clock import now
from edupulse.database import db
from edupulse.mail import holder
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.polling import locks
from edupulse.transaction import transaction
from tests.mail.forked import forked
from tests.mailboxes.boxes import a_mailbox


def confirm(hold: locks.Hold) -> None:
    with transaction() as session:
        locks.confirm(session, hold, now())


def test_a_mailbox_that_is_being_read_is_busy(app: Flask) -> None:
    mailbox = a_mailbox()
    locks.take(mailbox, now())

    with pytest.raises(locks.Busy, match="being read"):
        locks.take(mailbox, now())


def test_a_mailbox_that_was_released_is_free_at_once(app: Flask) -> None:
    mailbox = a_mailbox()
    first = locks.take(mailbox, now())

    locks.release(first)

    assert locks.take(mailbox, now()).fence == first.fence + 1


def test_a_lock_without_a_sign_of_life_runs_out_and_its_holder_writes_nothing_more(app: Flask) -> None:
    mailbox = a_mailbox()
    slow = locks.take(mailbox, now())

    other = locks.take(mailbox, now() + locks.LOCK + timedelta(seconds=1))

    confirm(other)
    with pytest.raises(locks.Lost):
        confirm(slow)
    locks.release(slow)
    confirm(other)


def test_a_lock_of_the_future_is_one_from_before_the_clock_was_set_back(app: Flask) -> None:
    mailbox = a_mailbox()
    locks.take(mailbox, now() + timedelta(hours=1))

    assert locks.take(mailbox, now()).fence == 2


def test_a_lock_of_a_process_that_was_killed_is_taken_over_at_once(sqlite_app: Flask) -> None:
    mailbox = a_mailbox()

    def read_for_ever() -> None:
        db.engine.dispose(close=False)
        locks.take(mailbox, now())

    with forked(read_for_ever) as wait:
        wait()
        db.session.rollback()
        with pytest.raises(locks.Busy):
            locks.take(mailbox, now())

    assert locks.take(mailbox, now()).fence == 2


def test_a_process_of_another_machine_is_never_taken_for_dead(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = a_mailbox()
    locks.take(mailbox, now())
    with transaction() as session:
        session.execute(update(Mailbox).values(locked_by="elsewhere-0a1b2c-999999"))

    with pytest.raises(locks.Busy):
        locks.take(mailbox, now())
    assert not holder.is_here("elsewhere-0a1b2c-999999")
    assert os.getpid() != 999999


@pytest.mark.parametrize(
    "change", [{"enabled": False}, {"removed_at": now()}, {"revision": Mailbox.revision + 1}]
)
def test_a_mailbox_that_is_changed_during_a_poll_is_lost_to_it(app: Flask, change: dict[str, object]) -> None:
    mailbox = a_mailbox()
    hold = locks.take(mailbox, now())

    with transaction() as session:
        session.execute(update(Mailbox).where(Mailbox.id == mailbox.id).values(change))

    with pytest.raises(locks.Lost):
        confirm(hold)


def test_a_server_gets_no_more_connections_at_once_than_it_takes(app: Flask) -> None:
    boxes = [a_mailbox(host="imap.example.org") for _ in range(40)]
    taken = 0
    with pytest.raises(locks.Busy, match=r"imap\.example\.org has"):
        for mailbox in boxes:
            locks.take(mailbox, now())
            taken += 1

    assert 1 <= taken < 40
    assert locks.take(a_mailbox(host="imap.example.net"), now()).fence == 1
