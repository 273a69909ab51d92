"""Expected failures are a sentence with a next step, on stderr, never a traceback."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask import Flask
from psycopg import errors as postgresql
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy.exc import OperationalError, ProgrammingError

from edupulse import database
from edupulse.cli.command import Command
from edupulse.cli.failures import in_words
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


def test_with_json_a_refusal_has_the_shape_of_the_api_on_stderr(type_in: Type) -> None:
    refused = type_in("jobs", "status", "nope", "--json")

    error = json.loads(refused.stderr)["error"]
    assert (refused.exit_code, refused.stdout, error["code"]) == (1, "", "not_found")
    assert "nope" in error["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("jobs", "lst"), "Did you mean 'list'?"),
        (("jobs", "list", "--serch", "x"), "Did you mean '--search'?"),
        (("jobs", "list", "--state", "faild"), "'failed'"),
        (("jobs", "send"), "Missing argument 'NAME'"),
    ],
)
def test_a_mistyped_command_says_what_was_meant(type_in: Type, words: tuple[str, ...], said: str) -> None:
    people, machine = type_in(*words), type_in(*words, "--json")

    assert (people.exit_code, said in people.stderr) == (2, True)
    error = json.loads(machine.stderr)["error"]
    assert (machine.exit_code, error["code"], said in error["message"]) == (2, "usage", True)


@pytest.mark.parametrize("words", [("--json", "status"), ("jobs", "--json")])
def test_also_an_option_in_the_wrong_place_is_said_in_json(type_in: Type, words: tuple[str, ...]) -> None:
    refused = type_in(*words)

    assert (refused.exit_code, json.loads(refused.stderr)["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_whoever_does_not_say_yes_is_told_that_nothing_was_done_and_how_scripts_answer(
    type_in: Type, answer: str
) -> None:
    words = ("jobs", "cancel", "--all")
    people, machine = type_in(*words, stdin=answer), type_in(*words, "--json", stdin=answer)

    assert (people.exit_code, machine.exit_code, machine.stdout) == (1, 1, "")
    assert "Error: Nothing was done. Answer with yes, or add --yes." in people.stderr
    assert '"code": "conflict"' in machine.stderr


def test_ctrl_c_at_a_question_is_an_interruption(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise click.Abort from None  # as click does it

    monkeypatch.setattr("click.confirm", interrupt)

    assert type_in("jobs", "cancel", "--all").exit_code == 130


def test_somebody_without_a_name_on_this_system_can_act(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr("getpass.getuser", nobody)

    sent = type_in("jobs", "send", "diagnostics.ping", "--json")

    assert json.loads(sent.stdout)["actor"] == f"cli:{os.getuid()}"


def test_a_full_disk_behind_the_answer_is_said_without_a_traceback() -> None:
    @click.command(cls=Command)
    def tell() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    refused = CliRunner().invoke(tell)

    assert (refused.exit_code, "Error: The answer cannot be written" in refused.stderr) == (1, True)


def test_a_file_that_is_no_text_is_refused_without_a_traceback(type_in: Type, tmp_path: Path) -> None:
    people = tmp_path / "people.txt"
    people.write_bytes("Zo\xeb <zoe@school.example>".encode("latin-1"))

    refused = type_in("events", "attendees", "add", "1", "--file", str(people))

    assert (refused.exit_code, "UTF-8" in refused.stderr) == (1, True)


def test_a_file_that_cannot_be_written_is_named(type_in: Type, tmp_path: Path) -> None:
    refused = type_in("campaigns", "errors", "1", "1", str(tmp_path))

    assert (refused.exit_code, str(tmp_path) in refused.stderr) == (2, True)


def test_what_is_no_text_is_refused_without_a_traceback(type_in: Type) -> None:
    refused = type_in("jobs", "status", "\udcff")

    assert refused.exit_code == 1
    assert "UTF-8" in refused.stderr
