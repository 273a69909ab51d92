"""Expected failures are a sentence with a next step, on stderr, never a traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask
from psycopg import errors as postgresql
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import OperationalError, ProgrammingError

from edupulse import database
from edupulse.cli.command import in_words
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Invalid
from tests.cli.conftest import Type


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (Invalid("The title is empty.", cure="Write one."), "The title is empty. Write one."),
        (
            RedisConnectionError("Error 2"),
            "Redis cannot be reached (ConnectionError). Start it with ./run up",
        ),
        (
            OperationalError("x", {}, sqlite3.OperationalError("database is locked")),
            "locked by another program",
        ),
        (OperationalError("x", {}, sqlite3.OperationalError("no such table: event")), "cli.py db upgrade"),
        (
            ProgrammingError("x", {}, postgresql.UndefinedTable('relation "x" does not exist')),
            "cli.py db upgrade",
        ),
        (
            OperationalError("x", {}, postgresql.OperationalError("connection refused\nIs it up?")),
            "DATABASE_URL",
        ),
    ],
)
def test_each_expected_error_becomes_a_sentence_with_a_next_step(error: Exception, sentence: str) -> None:
    assert sentence in in_words(error)
    assert "\n" not in in_words(error)


def test_a_locked_database_is_said_and_nothing_is_changed(
    type_in: Type, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    db.engine.dispose()
    with monkeypatch.context() as impatient:
        impatient.setattr(database, "BUSY_TIMEOUT_MS", 50)
        refused = type_in("jobs", "send", "diagnostics.ping")
        db.session.remove()
        db.engine.dispose()  # no later test may find an impatient connection in the pool

    other.execute("ROLLBACK")
    other.close()
    assert (refused.exit_code, "database is locked" in refused.stderr) == (1, True)
    assert "Traceback" not in refused.output
    assert db.session.query(JobRun).count() == 0


def test_with_redis_away_a_job_is_accepted_and_it_is_said_that_it_waits(
    type_in: Type, sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    sqlite_app.extensions["edupulse"].redis = None
    change_settings(redis_url="unix:///nowhere/redis.sock")

    sent = type_in("jobs", "send", "diagnostics.ping")

    assert sent.exit_code == 0
    assert "Redis cannot be reached" in sent.stderr
    assert db.session.query(JobRun).one().state == "queued"
