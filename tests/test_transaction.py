"""Commit first, hand over afterwards; savepoints that work; a locked database that is named."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from edupulse import create_app, database
from edupulse.clock import now
from edupulse.database import db
from edupulse.errors import Conflict, Unavailable
from edupulse.mail.models import Suppression
from edupulse.transaction import after_commit, transaction
from tests.conftest import MakeSettings


def suppression(address: str) -> Suppression:
    return Suppression(address=address, reason="test", source="test", created_at=now())


def addresses() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Suppression.address).order_by(Suppression.address)))


def test_what_was_registered_is_called_after_the_commit_and_together(app: Flask) -> None:
    seen: list[tuple[list[object], list[str]]] = []

    def handler(items: list[object]) -> None:
        seen.append((items, addresses()))

    with transaction() as session:
        session.add(suppression("a@example.org"))
        after_commit(handler, 1)
        after_commit(handler, 2)
        assert seen == []

    assert seen == [([1, 2], ["a@example.org"])]


def test_a_failing_block_leaves_nothing_and_hands_over_nothing(app: Flask) -> None:
    seen: list[object] = []

    with pytest.raises(RuntimeError), transaction() as session:
        session.add(suppression("a@example.org"))
        after_commit(seen.extend, 1)
        raise RuntimeError("half-way")

    assert addresses() == []
    assert seen == []


def test_a_transaction_inside_another_joins_it(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        with transaction() as session:
            session.add(suppression("a@example.org"))
        raise RuntimeError("the outer one fails")

    assert addresses() == []


def test_a_savepoint_undoes_its_own_part_only(app: Flask) -> None:
    with transaction() as session:
        session.add(suppression("a@example.org"))
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.add(suppression("a@example.org"))
            session.flush()
        session.add(suppression("b@example.org"))

    assert addresses() == ["a@example.org", "b@example.org"]


def test_redis_being_away_after_the_commit_loses_nothing(app: Flask) -> None:
    def unreachable(items: list[object]) -> None:
        raise Unavailable("Redis cannot be reached.")

    with transaction() as session:
        session.add(suppression("a@example.org"))
        after_commit(unreachable, 1)

    assert addresses() == ["a@example.org"]


@pytest.fixture
def locked_app(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Flask, sqlite3.Connection]]:
    """An application whose database another program holds locked, and that does not wait long."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    path = tmp_path / "locked.db"
    app = create_app(make_settings(DATABASE_URL=f"sqlite:///{path}"))
    with app.app_context():
        db.create_all()
        db.session.remove()
        other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        yield app, other
        other.close()
        db.session.remove()
        db.engine.dispose()


def test_a_locked_database_is_a_clear_sentence_and_loses_nothing(
    locked_app: tuple[Flask, sqlite3.Connection],
) -> None:
    _, other = locked_app
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="locked by another program"), transaction() as session:
        session.add(suppression("a@example.org"))
    other.execute("ROLLBACK")
    with transaction() as session:
        session.add(suppression("b@example.org"))

    assert addresses() == ["b@example.org"]


def test_sqlite_runs_in_wal_with_foreign_keys_and_full_sync(sqlite_app: Flask) -> None:
    values = [
        db.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys", "synchronous")
    ]

    assert values == ["wal", 1, 2]


def test_only_what_may_be_lost_in_a_power_cut_does_not_wait_for_the_disk(sqlite_app: Flask) -> None:
    seen = []

    for durable in (True, False, True):
        with transaction(durable=durable) as session:
            seen.append(session.scalar(text("PRAGMA synchronous")))

    assert seen == [2, 1, 2]


def test_a_writer_waits_for_its_turn_and_gets_it(
    locked_app: tuple[Flask, sqlite3.Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20_000)
    _, other = locked_app
    other.execute("BEGIN IMMEDIATE")
    begun = threading.Event()
    release = threading.Thread(target=lambda: (begun.wait(), time.sleep(0.1), other.execute("ROLLBACK")))
    release.start()

    begun.set()
    with transaction() as session:
        session.add(suppression("a@example.org"))
    release.join()

    assert addresses() == ["a@example.org"]


def test_an_error_that_passes_through_keeps_its_cause(app: Flask) -> None:
    with pytest.raises(Conflict) as caught, transaction():
        raise Conflict("The seat is taken.") from KeyError("seat 7")

    assert isinstance(caught.value.__cause__, KeyError)


def test_a_full_disk_is_said_in_words_and_changes_nothing(sqlite_app: Flask) -> None:
    with db.engine.connect().execution_options(looking=True) as connection:
        connection.exec_driver_sql("VACUUM")  # pages that other tests left free are room too

    with (
        pytest.raises(Unavailable, match="disk of the database is full") as refused,
        transaction() as session,
    ):
        connection = session.connection()  # SQLite counts pages for each connection by itself
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        session.add_all(suppression(f"p{number}@{'x' * 60}.example") for number in range(2000))
        session.flush()
    db.engine.dispose()  # with the connection that may not grow

    assert "make room" in refused.value.cure
    assert addresses() == []
