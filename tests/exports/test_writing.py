"""An export is written once and whole: killed at each step, overtaken, called off, or while rows arrive."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import pytest
from flask import Flask

from edupulse.control.interruptions import WorkerStopping
from edupulse.control.run import Run
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.exports import orders, shelf, writing
from edupulse.exports.rows import existing
from edupulse.exports.writing import Overtaken, write
from edupulse.notifications.models import Notification
from edupulse.storage import EXPORTS, FolderStorage, storage
from tests.exports.readers import ROOT, a_person, an_export, bytes_of, mails, table_of
from tests.rows import a_run

pytestmark = pytest.mark.usefixtures("now")

ROWS = 23
STEPS = {
    "before the first part": (shelf, "put_part", 1, False),
    "after the first part is stored": (shelf, "put_part", 1, True),
    "after the second part is in the row": (writing, "_write_part", 2, True),
    "before a file has its name": (FolderStorage, "_keep", 3, False),
    "before it is put together": (writing, "_put_together", 1, False),
    "after the whole is stored": (shelf, "put_whole", 1, True),
    "before the parts are deleted": (shelf, "throw_away", 1, False),
}


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PART_ROWS", 5)
    monkeypatch.setattr(writing, "READ_AT_ONCE", 2)


@pytest.mark.parametrize("step", STEPS)
def test_a_writer_that_is_killed_leaves_each_row_in_the_file_once(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime, step: str
) -> None:
    numbers, export = mails(ROWS), an_export()

    status = killed(lambda: arm(monkeypatch, *STEPS[step]) or write(export.id, now))
    write(export.id, now)

    assert os.WIFSIGNALED(status), "the writer was not killed: this step was never reached"
    assert [int(row["id"]) for row in table_of(export.id)] == numbers
    assert existing(export.id).rows == ROWS


@pytest.mark.parametrize("format", ["csv", "jsonl", "xlsx"])
def test_a_killed_writer_and_an_undisturbed_one_write_the_same_file(
    app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime, format: str
) -> None:
    mails(ROWS)
    undisturbed = an_export(format=format)
    write(undisturbed.id, now)
    struck = an_export(format=format)

    killed(lambda: arm(monkeypatch, writing, "_write_part", 2, True) or write(struck.id, now))
    db.session.rollback()
    half = existing(struck.id)
    rows, state = half.rows, half.state
    write(struck.id, now)

    assert (rows, state) == (10, "running")
    assert bytes_of(struck.id) == bytes_of(undisturbed.id)
    assert existing(struck.id).fence == 2


def test_nothing_is_left_in_the_storage_but_the_file(sqlite_app: Flask, now: datetime) -> None:
    mails(ROWS)
    before = keys()  # tests share a folder
    export = an_export()

    write(export.id, now)

    done = existing(export.id)
    assert keys() == before | {done.storage_key}
    assert (done.parts, done.state, done.rows, done.total) == ([], "done", ROWS, ROWS)


def test_the_whole_is_put_together_beside_the_data(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    """A folder for temporary files may be a piece of the memory."""
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    mails(1)
    export = an_export()

    assert write(export.id, now)["state"] == "done"


def test_rows_that_come_meanwhile_are_not_in_the_file(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    numbers, export = mails(ROWS), an_export()
    at_the_part(monkeypatch, lambda: mails(1, key="late", message_id="<late@x>"), number=1)

    write(export.id, now)

    assert [int(row["id"]) for row in table_of(export.id)] == numbers


def test_runs_have_no_numbers_and_are_each_in_the_file_once(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    for name in "qwertzuiopas":
        a_run(name, "finished")
    export = an_export("runs", name="diagnostics.ping")

    write(export.id, now)

    assert [row["id"] for row in table_of(export.id)] == sorted("qwertzuiopas")


def test_an_older_writer_finds_out_that_it_was_overtaken(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    numbers, export = mails(ROWS), an_export()
    at_the_part(monkeypatch, lambda: write(export.id, now), number=1)

    with pytest.raises(Overtaken):
        write(export.id, now)

    assert existing(export.id).state == "done"
    assert [int(row["id"]) for row in table_of(export.id)] == numbers


def test_a_writer_stops_where_it_is_called_off(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    mails(ROWS)
    export = an_export()
    at_the_part(monkeypatch, lambda: orders.cancel(export.id, reader=ROOT), number=1)

    outcome = write(export.id, now)

    assert outcome["state"] == "cancelled"
    assert existing(export.id).parts == []


def test_an_empty_table_is_a_file_with_headings(sqlite_app: Flask, now: datetime) -> None:
    export = an_export("suppressions")

    write(export.id, now)

    assert bytes_of(export.id).startswith(b"\xef\xbb\xbfid,address,scope,reason")
    assert existing(export.id).total == 0


def test_long_rows_make_shorter_parts(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(writing, "PART_BYTES", 1)
    numbers, export = mails(4), an_export()

    write(export.id, now)

    assert [int(row["id"]) for row in table_of(export.id)] == numbers


def test_its_owner_is_told_once_when_it_is_ready(sqlite_app: Flask, now: datetime) -> None:
    mails(1)
    export = an_export(reader=a_person())

    write(export.id, now)
    write(export.id, now)

    told = db.session.scalars(db.select(Notification)).one()
    assert (told.kind, told.link, told.facts["rows"]) == ("export_ready", f"/exports/{export.id}", 1)


def test_a_failure_stands_in_the_row_is_told_and_is_no_end(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    numbers, export = mails(ROWS), an_export(reader=a_person())
    with monkeypatch.context() as patch:
        at_the_part(patch, full_disk, number=2)
        with pytest.raises(Unavailable):
            write(export.id, now)
    failed = existing(export.id)
    state, error, rows = failed.state, failed.error, failed.rows

    write(export.id, now)

    assert (state, error, rows) == ("failed", "The disk is full.", 5)
    assert db.session.scalars(db.select(Notification.kind)).all() == ["export_failed", "export_ready"]
    assert [int(row["id"]) for row in table_of(export.id)] == numbers


@pytest.mark.parametrize(
    ("error", "attempt", "state"),
    [
        (Unavailable("The disk is full."), 1, "running"),
        (Unavailable("The disk is full."), 4, "failed"),
        (WorkerStopping("A restart."), 4, "running"),
    ],
)
def test_a_try_that_is_followed_by_another_ends_nothing(
    sqlite_app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    now: datetime,
    error: BaseException,
    attempt: int,
    state: str,
) -> None:
    mails(ROWS)
    export = an_export()
    at_the_part(monkeypatch, lambda: fail(error), number=2)
    run = Run(export.run_id or "", "exports.export_data", "reports", {}, attempt, max_attempts=4)
    monkeypatch.setattr(writing, "current_run", lambda: run)
    monkeypatch.setattr("edupulse.exports.ending.current_run", lambda: run)

    with pytest.raises(type(error)):
        write(export.id, now)

    assert existing(export.id).state == state
    assert existing(export.id).rows == 5


def test_the_run_shows_how_far_it_is(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    mails(ROWS)
    export, said = an_export(), []
    monkeypatch.setattr(writing, "report", lambda *words: said.append(words))

    write(export.id, now)

    assert said[0] == (5, ROWS, "5 of 23 rows")
    assert said[-1] == (ROWS, ROWS, "23 of 23 rows")


def killed(act: Callable[[], object]) -> int:
    """Do `act` in another process that is to be killed on the way; return how it ended, as `os.wait` says it."""
    pid = os.fork()
    if pid == 0:
        try:
            db.session.remove()
            db.engine.dispose(close=False)
            act()
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def arm(patch: pytest.MonkeyPatch, owner: object, name: str, time: int, is_done: bool) -> None:
    """Let `name` end its process when it is called for the time `time`: before its work, or after it."""
    original, calls = getattr(owner, name), Counter[str]()

    def act(*arguments: object, **named: object) -> object:
        calls[name] += 1
        is_now = calls[name] == time
        if is_now and not is_done:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if is_now:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    patch.setattr(owner, name, act)


def at_the_part(patch: pytest.MonkeyPatch, act: Callable[[], object], *, number: int) -> None:
    """Let something happen once, right before the part of this number is stored."""
    original, calls = shelf.put_part, Counter[str]()

    def put_part(export_id: int, data: bytes) -> object:
        calls["parts"] += 1
        if calls["parts"] == number:
            act()
        return original(export_id, data)

    patch.setattr(shelf, "put_part", put_part)


def full_disk() -> None:
    raise Unavailable("The disk is full.")


def fail(error: BaseException) -> None:
    raise error


def keys() -> set[str]:
    return {each.key for each in storage().kept(EXPORTS)}
