"""SIGKILL at each step of a poll on a real server: afterwards every message has exactly one row, one job, one event."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from edupulse.control import enqueue
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.imap.session import Session
from edupulse.mailboxes.models import Arrival, InboundMessage
from edupulse.mailboxes.polling import intake, locks, outcomes
from edupulse.mailboxes.polling import poll as polling
from edupulse.mailboxes.processing.process import process
from edupulse.storage import FolderStorage
from tests.mailboxes.boxes import at_dovecot
from tests.mailboxes.dovecot import Dovecot, numbered

MESSAGES = 12
BATCH = 5

Arm = Callable[[pytest.MonkeyPatch], None]


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: object, name: str) -> Arm:
    return lambda patch: patch.setattr(owner, name, die)


def after(owner: object, name: str, times: int = 1) -> Arm:
    """Die when `name` has done its work for the time `times`."""

    def arm(patch: pytest.MonkeyPatch) -> None:
        original, calls = getattr(owner, name), Counter[str]()

        def act(*arguments: object, **named: object) -> object:
            result = original(*arguments, **named)
            calls[name] += 1
            if calls[name] == times:
                die()
            return result

        patch.setattr(owner, name, act)

    return arm


def in_the_midst_of_an_answer(patch: pytest.MonkeyPatch) -> None:
    original = Session.fetch

    def fetch(self: Session, batches: object) -> object:
        answers = original(self, batches)  # type: ignore[arg-type]
        yield next(answers)
        die()

    patch.setattr(Session, "fetch", fetch)


def once_written(statement: str) -> Arm:
    """Die inside the transaction, right after the first statement that begins so."""

    def arm(_: pytest.MonkeyPatch) -> None:
        def look(_connection: object, _cursor: object, said: str, *_rest: object) -> None:
            if said.startswith(statement):
                die()

        event.listen(db.engine, "after_cursor_execute", look)

    return arm


STEPS: dict[str, Arm] = {
    "before the connection": before(polling, "connect"),
    "after the connection": after(polling, "connect"),
    "after EXAMINE and SEARCH": after(Session, "look"),
    "after the sizes": after(Session, "sizes"),
    "between two batches of FETCH": in_the_midst_of_an_answer,
    "before a file has its name": before(FolderStorage, "_keep"),
    "after the bytes are stored": after(FolderStorage, "put_many"),
    "after the rows of messages": once_written("INSERT INTO inbound_message"),
    "after the rows of UIDs": once_written("INSERT INTO mailbox_arrival"),
    "after the cursor": once_written("UPDATE mailbox_cursor"),
    "after the rows of jobs": once_written("INSERT INTO job_run"),
    "before the jobs reach Redis": before(enqueue, "push"),
    "after the first commit": after(intake, "keep"),
    "after the second commit": after(intake, "keep", times=2),
    "before the after-action": before(Session, "move"),
    "after the after-action": after(Session, "move"),
    "before the outcome": before(outcomes, "confirm"),
    "before the release": before(locks, "release"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_poll_that_is_killed_loses_nothing_and_doubles_nothing(
    sqlite_app: Flask, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr("edupulse.mailboxes.polling.batches.MOST_TOGETHER", BATCH)
    mailbox = at_dovecot(dovecot, after_action="move", move_to="Done")
    mails = list(numbered(400, MESSAGES))
    dovecot.deliver_many(mailbox.username, mails)

    status = killed(lambda: STEPS[step](monkeypatch) or polling.poll(mailbox.id))
    again = polling.poll(mailbox.id)

    assert os.WIFSIGNALED(status), "the poll was not killed: this step was never reached"
    assert again["outcome"] == "done"
    jobs = db.session.scalars(select(JobRun.arguments).where(JobRun.name == "mailboxes.process")).all()
    assert Counter(Counter(each["message_id"] for each in jobs).values()) == {1: MESSAGES}
    for job in jobs:
        process(job["message_id"])
    states = db.session.scalars(select(InboundMessage.state)).all()
    assert states == ["processed"] * MESSAGES
    assert db.session.scalar(select(func.count()).select_from(Arrival)) == MESSAGES
    assert sorted(each.read_bytes() for each in dovecot.messages(mailbox.username, "Done")) == sorted(mails)
    assert dovecot.messages(mailbox.username) == []


def killed(act: Callable[[], object]) -> int:
    """Do `act` in another process that is to be killed on the way; return how it ended, as `os.wait` says it."""
    pid = os.fork()
    if pid == 0:
        try:
            db.engine.dispose(close=False)
            act()
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1]
