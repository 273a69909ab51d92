"""Real workers, really killed, and real workers on the same mails: nobody gets two, nobody is forgotten."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask

from edupulse import clock
from edupulse.database import db
from edupulse.mail import deliver
from edupulse.mail.sweep import sweep
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import accept, on, stall
from tests.mail.line import FROM, copies, post, row, states, through

ChangeSettings = Callable[..., None]
Child = subprocess.Popen[str]


@contextmanager
def child(app: Flask, double: SmtpDouble, step: str, ids: Sequence[int]) -> Iterator[Child]:
    """Run a delivering process on the test's database and double; it is gone at the end of the block."""
    settings = {
        "EDUPULSE_DATA_DIR": str(app.extensions["edupulse"].settings.data_dir),
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "SECRET_KEY": "test-secret-key-not-for-production",
        "SMTP_SERVER": double.host,
        "SMTP_PORT": str(double.port),
        "SMTP_SECURITY": "none",
        "DEFAULT_FROM_EMAIL": FROM,
    }
    command = [sys.executable, "-m", "tests.mail.sending_child", step, *map(str, ids)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **settings}
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def says(process: Child) -> str:
    """Return the next line of the child."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def clean_up_and_go_on(ids: Sequence[int]) -> None:
    """Do what the line does once the dead worker is noticed."""
    db.session.commit()
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        sweep(clock.now())
        deliver.deliver(ids)


def test_row_33_killed_before_the_dot_the_mail_is_sent_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)

    with through(SmtpDouble(), change_settings) as double:
        with child(app, double, "before_dot", ids) as worker:
            assert says(worker) == "here"
            worker.kill()
            worker.wait()
            assert states() == {"sending": 3}
        clean_up_and_go_on(ids)

    assert states() == {"sent": 3}
    assert [copies(double, id) for id in ids] == [1, 1, 1]


def test_row_33_killed_between_dot_and_reply_the_mail_is_unknown_and_the_rest_is_sent(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)
    never_answers = on("dot", accept, stall, overall=1)

    with through(SmtpDouble(never_answers), change_settings) as double:
        with child(app, double, "nowhere", ids) as worker:
            assert double.wait_for(1)
            worker.kill()
            worker.wait()
        clean_up_and_go_on(ids)

    assert states() == {"unknown": 1, "sent": 2}
    assert [copies(double, id) for id in ids] == [1, 1, 1]


def test_row_33_killed_between_reply_and_record_the_mail_is_unknown_and_never_sent_twice(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)

    with through(SmtpDouble(), change_settings) as double:
        with child(app, double, "after_reply", ids) as worker:
            assert says(worker) == "here"
            worker.kill()
            worker.wait()
        clean_up_and_go_on(ids)

    assert states() == {"unknown": 1, "sent": 2}
    assert [copies(double, id) for id in ids] == [1, 1, 1]
    assert row(ids[0]).dot_at is not None


def test_row_33_killed_between_note_and_record_every_mail_is_known_to_be_sent(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)

    with through(SmtpDouble(), change_settings) as double:
        with child(app, double, "after_note", ids) as worker:
            assert says(worker) == "here"
            worker.kill()
            worker.wait()
        clean_up_and_go_on(ids)

    assert states() == {"sent": 3}
    assert [copies(double, id) for id in ids] == [1, 1, 1]


def test_row_55_two_processes_with_the_same_mails_send_each_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(40)

    with (
        through(SmtpDouble(), change_settings) as double,
        child(app, double, "nowhere", ids) as one,
        child(app, double, "nowhere", list(reversed(ids))) as other,
    ):
        results: list[dict[str, Any]] = [json.loads(says(one)), json.loads(says(other))]

    assert sum(result.get("sent", 0) for result in results) == 40
    assert states() == {"sent": 40}
    assert {copies(double, id) for id in ids} == {1}


def test_row_55_four_threads_with_the_same_mails_send_each_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids, start = post(30), Barrier(4)
    problems: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            start.wait()
            try:
                deliver.deliver(ids)
            except BaseException as problem:  # noqa: BLE001 - shown by the test below
                problems.append(problem)

    with through(SmtpDouble(), change_settings) as double:
        threads = [Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert problems == []
    assert states() == {"sent": 30}
    assert {copies(double, id) for id in ids} == {1}


@pytest.mark.timeout(60)
def test_a_thousand_mails_add_up_and_arrive_once(sqlite_app: Flask, change_settings: ChangeSettings) -> None:
    ids = post(1000)

    with through(SmtpDouble(), change_settings) as double:
        for start in range(0, 1000, 25):
            deliver.deliver(ids[start : start + 25])

    assert states() == {"sent": 1000}
    assert (
        len({(each.message_id, each.recipient) for each in double.accepted}) == len(double.accepted) == 1000
    )
