"""Messages that end the process, never end by themselves, or are made of broken bytes: the others are dealt with."""

from __future__ import annotations

import os
import random
import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from edupulse.control.interruptions import SoftTimeLimitExceeded
from edupulse.control.work import raise_in
from edupulse.database import db
from edupulse.mailboxes import handling
from edupulse.mailboxes.dispatch import running
from edupulse.mailboxes.handling import Done, Inbound, register_handler
from edupulse.mailboxes.models import InboundMessage
from edupulse.mailboxes.processing import reading
from edupulse.mailboxes.processing.process import process
from tests.mailboxes.dispatch.inbox import a_mail, arrive, row_of, store, the_action


def in_a_process_of_its_own(message_id: int) -> int:
    """Process a message in a fork of this process; return how that ended."""
    db.session.remove()
    pid = os.fork()
    if pid == 0:
        try:
            db.engine.dispose(close=False)
            process(message_id)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_killer_message_is_set_aside_at_its_third_try_and_the_next_goes_on(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = reading.classify

    def kills(parsed: Any, **given: Any) -> Any:
        if parsed.event.subject == "Killer":
            os._exit(9)
        return whole(parsed, **given)

    monkeypatch.setattr(reading, "classify", kills)
    killer, next_one = store(a_mail(Subject="Killer")), store(a_mail())

    ended = [in_a_process_of_its_own(killer) for _ in range(3)]

    assert ended == [9, 9, 0]
    assert (row_of(killer).state, row_of(killer).tries) == ("quarantined", 3)
    assert process(next_one)["outcome"] == "processed"


class Killer:
    """A handler that ends the process."""

    name = "killer"
    summary = "nothing good"

    def wants(self, message: Inbound) -> str:
        return "it is a test"

    def handle(self, message: Inbound) -> Done:
        os._exit(9)


def test_a_handler_that_ends_the_process_is_given_up_and_the_staff_get_the_message(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handling, "_handlers", dict(handling._handlers))
    register_handler(Killer(), before="bounce")
    message_id = store(a_mail())

    ended = [in_a_process_of_its_own(message_id) for _ in range(running.MOST_TRIES + 1)]

    assert ended == [9] * running.MOST_TRIES + [0]
    assert row_of(message_id).attention
    assert "killer" in (row_of(message_id).attention_why or "")


def test_a_message_that_takes_too_long_is_set_aside_when_its_time_is_over(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(parsed: Any, **given: Any) -> None:
        while True:
            pass

    monkeypatch.setattr(reading, "classify", endless)
    message_id = store(a_mail())
    limit = threading.Timer(0.1, raise_in, (threading.get_ident(), SoftTimeLimitExceeded))
    limit.start()

    outcome = process(message_id)

    limit.join()
    assert outcome["outcome"] == "quarantined"
    assert (row_of(message_id).quarantine_reason or "").startswith("It took too long")


def test_a_handler_that_takes_too_long_leaves_the_message_to_the_staff(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(*given: Any, **more: Any) -> Done:
        while True:
            pass

    monkeypatch.setattr(running, "_do", endless)
    monkeypatch.setattr(reading, "at_once", lambda name, message: None)
    limit = threading.Timer(0.2, raise_in, (threading.get_ident(), SoftTimeLimitExceeded))
    message_id = store(a_mail())
    limit.start()

    outcome = process(message_id)

    limit.join()
    assert outcome == {"outcome": "processed", "kind": "other", "dead": 1}
    assert row_of(message_id).attention
    assert "took too long" in the_action(message_id).outcome


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return `data` with pieces thrown away, doubled and overwritten."""
    broken = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        at, length = chance.randrange(len(broken)), chance.randint(1, 20)
        piece = chance.choice((b"", chance.randbytes(length), bytes(broken[at : at + length]) * 2))
        broken[at : at + length] = piece
        broken = broken or bytearray(b"\0")
    return bytes(broken)


def test_any_bytes_are_read_and_laid_before_somebody(app: Flask) -> None:
    chance = random.Random(7)
    sample = a_mail("Hello <b>there</b>, 龍翀镕").replace(b"A question", b"=?gb2312?B?zfXI?=")

    for number in range(60):
        arrive(mutated(sample, chance) + b"%d" % number)

    counted = select(InboundMessage.state, func.count()).group_by(InboundMessage.state)
    assert [tuple(row) for row in db.session.execute(counted)] == [("processed", 60)]


def test_a_message_of_nothing_is_read_too(app: Flask) -> None:
    row = arrive(b"")

    assert (row.state, row.attention) == ("processed", True)
