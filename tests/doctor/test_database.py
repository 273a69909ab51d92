"""Is the database usable."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from flask import Flask

from edupulse import schema
from edupulse.database import db
from edupulse.doctor import database
from tests.doctor.conftest import states


@pytest.fixture
def holder(sqlite_app: Flask) -> Iterator[sqlite3.Connection]:
    """Another program that holds the database locked."""
    connection = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield connection
    connection.execute("ROLLBACK")
    connection.close()


def test_a_database_that_answers_and_takes_changes_is_fine(app: Flask) -> None:
    assert states([*database.reachable(), *database.writable()]) == {"database": "ok", "database_write": "ok"}


def test_a_database_that_was_never_set_up_is_found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "present_step", lambda: None)

    (finding,) = database.schema_step()

    assert (finding.state, finding.cure) == ("problem", "Run: python cli.py db upgrade")


def test_an_older_schema_is_found_with_the_way_up(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "present_step", schema.newest_step)
    monkeypatch.setattr(schema, "newest_step", lambda: "9999")

    (finding,) = database.schema_step()

    assert (finding.state, finding.cure) == ("problem", "Run: python cli.py db upgrade")


def test_a_schema_of_a_later_version_is_not_upgraded_but_named(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "present_step", lambda: "9999")

    (finding,) = database.schema_step()

    assert "does not know" in finding.finding
    assert "upgrade" not in finding.cure


def test_another_program_that_holds_the_lock_is_found(
    holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.05)

    (finding,) = database.writable()

    assert finding.state == "problem"
    assert "Another program holds the database locked" in finding.finding
