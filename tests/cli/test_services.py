"""`start`, `stop`, `restart`, `logs` on the command line: what they are told is what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask

from edupulse.config import current_settings
from edupulse.embedded import service
from edupulse.embedded.service import Outcome, Standing
from edupulse.errors import Conflict
from tests.cli.conftest import Type, facts

UP = Standing("up", "stack", "EduPulse is up.", 42)


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
def test_the_outcome_of_an_order_is_said(type_in: Type, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setattr(service, verb, lambda *_, **__: Outcome(True, "It is done.", UP))

    assert type_in(verb).stdout == "It is done.\n"
    assert facts(type_in(verb, "--json"))["standing"]["pid"] == 42


def test_what_keeps_it_from_starting_is_said(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "start", refuse)

    refused = type_in("start", "--json")

    assert refused.exit_code == 1
    assert json.loads(refused.stderr)["error"]["message"] == "Port 8000 is taken."


def test_the_last_lines_of_a_log_are_printed_harmless(type_in: Type, sqlite_app: Flask) -> None:
    folder = current_settings().data_dir / "log"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "web.log").write_text("one\ntwo\nthree \x1b[2J\n")

    shown = type_in("logs", "web", "--tail", "2")

    assert shown.stdout == "two\nthree \ufffd[2J\n"


def test_a_service_that_has_written_nothing_says_so_and_where_to_look(type_in: Type) -> None:
    shown = type_in("logs", "redis")

    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "redis has written nothing yet" in shown.stderr


def test_an_unknown_service_names_those_there_are(type_in: Type) -> None:
    refused = type_in("logs", "nope")

    assert (refused.exit_code, "scheduler" in refused.stderr) == (1, True)


def refuse(*_: Any, **__: Any) -> Outcome:
    raise Conflict("Port 8000 is taken.", cure="Set EDUPULSE_PORT.")
