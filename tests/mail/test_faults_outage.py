"""Fault 53: Redis, the database or the disk fails amid a mailing, for real; sending stops in time and then goes on.

Sending may go on for as long as every dot is accounted for by the claim, which is in the ledger, and the journal.
"""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, make_url
from sqlalchemy.exc import SQLAlchemyError

from edupulse import clock, database
from edupulse.control.connection import connect
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.mail import claims, gate, pump
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.bulk import ids_of, mailing, standing
from tests.mail.faults import AT_ONCE, ChangeSettings, account_for_all, at_dot, go_on_at
from tests.mail.line import through
from tests.servers import RedisProcess, missing

BATCH = 5
SMALL = {**AT_ONCE, "bulk_email_batch_size": BATCH}
LIMITED = {**SMALL, "email_per_minute": 1000}
on_sqlite = pytest.mark.parametrize("app", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("app", ["postgresql"], indirect=True)
Failures = (SQLAlchemyError, Unavailable)


@pytest.fixture(autouse=True)
def small_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "AT_ONCE", BATCH)


@pytest.fixture
def own_redis(app: Flask) -> Iterator[RedisProcess]:
    """A redis-server of the test's own, which it may stop and kill."""
    try:
        process = RedisProcess().start()
    except Unavailable:
        missing("redis-server")
        raise
    connection = connect(process.url, reply_seconds=0.2)
    app.extensions["edupulse"].redis = connection
    yield process
    connection.close()
    process.remove()


def stop(process: RedisProcess) -> None:
    assert process.process is not None
    process.process.send_signal(signal.SIGSTOP)


def go_on(process: RedisProcess) -> None:
    assert process.process is not None
    process.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize(
    ("breaks", "mends"),
    [(stop, go_on), (lambda redis: redis.stop(kill=True), lambda redis: redis.start())],
    ids=["stopped", "killed"],
)
def test_row_53_without_redis_no_batch_begins_and_with_it_the_mailing_goes_on(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    own_redis: RedisProcess,
    breaks: Callable[[RedisProcess], object],
    mends: Callable[[RedisProcess], object],
) -> None:
    one = mailing(20)
    at_dot(monkeypatch, 3, lambda: breaks(own_redis))

    with through(SmtpDouble(), change_settings, **LIMITED) as double:
        for _ in range(2):
            with pytest.raises(Unavailable, match="Redis cannot be reached"):
                pump.pump()
        assert account_for_all(one, 20, double) == {"sent": BATCH, "queued": 15}
        mends(own_redis)
        go_on_at(clock.now(), one, turns=2)

    assert account_for_all(one, 20, double) == {"sent": 20}


@pytest.mark.parametrize("lost", ["*", "edupulse:turnstile:*", "edupulse:connections:*"])
def test_row_53_what_redis_forgets_or_evicts_costs_no_mail_and_no_limit(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    own_redis: RedisProcess,
    lost: str,
) -> None:
    one, forgetful = mailing(20), connect(own_redis.url)

    def forget() -> None:
        for key in forgetful.keys(lost):
            forgetful.delete(key)

    for number in (2, 7, 11):
        at_dot(monkeypatch, number, forget)

    with through(SmtpDouble(), change_settings, **{**LIMITED, "email_per_minute": 12}) as double:
        pump.pump()
        pump.pump()
        assert account_for_all(one, 20, double) == {"sent": 12, "queued": 8}
        change_settings(email_per_minute=1000)
        go_on_at(clock.now(), one)
    forgetful.close()

    assert account_for_all(one, 20, double) == {"sent": 20}


@on_postgresql
def test_row_53_connections_that_the_database_ends_mid_batch_stop_it_and_cost_no_answer(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mailing(12)

    with admin(app) as server, through(SmtpDouble(), change_settings, **SMALL) as double:
        at_dot(monkeypatch, 3, lambda: end_all_others(server))
        with pytest.raises(SQLAlchemyError):
            pump.pump()
        assert account_for_all(one, 12, double) == {"sent": 3, "queued": 9}
        go_on_at(clock.now(), one)

    assert account_for_all(one, 12, double) == {"sent": 12}


@on_postgresql
def test_row_53_who_read_when_the_database_ended_the_connection_can_write_at_once(app: Flask) -> None:
    one = mailing(2)
    standing(one)
    ids = ids_of(one)

    with admin(app) as server:
        end_all_others(server)
    assert db.session().in_transaction()
    taken = claims.take(ids, "a-token", clock.now(), 2)

    assert [mail.id for mail in taken] == ids


@on_postgresql
def test_row_53_a_database_that_turns_read_only_stops_the_sending_within_its_claim(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mailing(20)

    with admin(app) as server, through(SmtpDouble(), change_settings, **SMALL) as double:
        name = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database

        def read_only(value: str) -> None:
            server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")  # type: ignore[arg-type]
            end_all_others(server)

        at_dot(monkeypatch, 3, lambda: read_only("on"))
        try:
            _stops_within_its_claim(double)
        finally:
            read_only("off")
        go_on_at(clock.now(), one)

    assert account_for_all(one, 20, double) == {"sent": 20}


@on_sqlite
@pytest.mark.parametrize("broken", ["query_only = ON", "max_page_count = 1"], ids=["read_only", "disk_full"])
def test_row_53_a_database_that_takes_no_more_stops_the_sending_within_its_claim(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    _leave_no_free_page()
    one, pragmas = mailing(60), list[str]()

    def prepare(connection: sqlite3.Connection, *_: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    event.listen(db.engine, "checkout", prepare)
    try:
        with through(SmtpDouble(), change_settings, **SMALL) as double:
            at_dot(monkeypatch, 3, lambda: pragmas.append(broken))
            _stops_within_its_claim(double, most=60)  # a full disk is felt at the first page that is missing
            pragmas[:] = ["query_only = OFF", "max_page_count = 1000000"]
            go_on_at(clock.now(), one)
    finally:
        event.remove(db.engine, "checkout", prepare)
        db.session.remove()
        db.engine.dispose()  # what was set of a connection lasts as long as it does

    assert account_for_all(one, 60, double) == {"sent": 60}


@on_sqlite
def test_row_53_a_writer_that_keeps_the_database_for_a_while_is_waited_for(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mailing(20)

    with through(SmtpDouble(), change_settings, **SMALL) as double, another_writer(app) as other:

        def lock_for_a_while() -> None:
            other.execute("BEGIN IMMEDIATE")
            threading.Timer(1.0, other.rollback).start()

        at_dot(monkeypatch, 3, lock_for_a_while)
        pump.pump()

    assert account_for_all(one, 20, double) == {"sent": 20}


@on_sqlite
def test_row_53_a_writer_that_keeps_the_database_too_long_stops_the_sending_within_its_claim(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mailing(20)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 30)

    with through(SmtpDouble(), change_settings, **SMALL) as double, another_writer(app) as other:
        at_dot(monkeypatch, 3, lambda: other.execute("BEGIN IMMEDIATE"))
        _stops_within_its_claim(double)
        other.rollback()
        go_on_at(clock.now(), one)

    assert account_for_all(one, 20, double) == {"sent": 20}


def full(file: int, data: bytes, position: int) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def nearly_full(file: int, data: bytes, position: int) -> int:
    """Write what still fits, as a disk does that is just filling up; then nothing."""
    os_pwrite(file, data[: len(data) // 2], position)
    os.pwrite = full
    return len(data) // 2


os_pwrite = os.pwrite


@pytest.mark.parametrize("how", [full, nearly_full])
@pytest.mark.parametrize(
    ("line", "sent"), [(b" dot ", 3), (b" answer ", 4)], ids=["before_a_dot", "behind_an_answer"]
)
def test_row_53_a_full_disk_for_the_journal_stops_before_the_next_dot_and_no_mail_is_in_doubt(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[int, bytes, int], int],
    line: bytes,
    sent: int,
) -> None:
    one, seen = mailing(12), list[bytes]()

    def pwrite(file: int, data: bytes, position: int) -> int:
        seen.extend([data] if line in data else [])
        if len(seen) == 4:
            return how(file, data, position)
        return os_pwrite(file, data, position)

    with through(SmtpDouble(), change_settings, **SMALL) as double:
        with monkeypatch.context() as broken:
            broken.setattr(os, "pwrite", pwrite)
            with pytest.raises((OSError, Unavailable), match=os.strerror(errno.ENOSPC)):
                pump.pump()
            assert account_for_all(one, 12, double) == {"sent": sent, "queued": 12 - sent}
            broken.setattr(os, "pwrite", full)
            with pytest.raises((OSError, Unavailable)):
                pump.pump()
            assert len(double.accepted) == sent
        go_on_at(clock.now(), one)

    assert account_for_all(one, 12, double) == {"sent": 12}


def _stops_within_its_claim(double: SmtpDouble, most: int = BATCH) -> None:
    """Assert that a pump fails when it cannot write, that nothing more leaves then, and that all can be told."""
    with pytest.raises(Failures):
        pump.pump()
    left = len(double.accepted)
    assert 3 <= left <= most
    with pytest.raises(Failures):
        pump.pump()
    assert len(double.accepted) == left
    db.session.rollback()


@contextmanager
def admin(app: Flask) -> Iterator[psycopg.Connection]:
    """Give the block a connection of its own to the test's PostgreSQL."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
        yield connection


def end_all_others(server: psycopg.Connection) -> None:
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@contextmanager
def another_writer(app: Flask) -> Iterator[Any]:
    """Give the block a writer of its own to the test's SQLite."""
    path = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database
    assert path is not None
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        yield connection
    finally:
        connection.close()


def _leave_no_free_page() -> None:
    db.session.commit()
    with db.engine.connect().execution_options(looking=True) as connection:
        connection.exec_driver_sql("VACUUM")
