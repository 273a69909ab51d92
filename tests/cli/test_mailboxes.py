"""`mailboxes` on the command line: against an IMAP server of our own where the server matters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.cli import mailbox_secrets
from edupulse.database import db
from edupulse.mailboxes.models import Mailbox
from edupulse.mailboxes.signin import credentials
from tests.cli.conftest import Type, facts
from tests.doubles.imap_double import ImapDouble

SECRET = "secret-42"
PLACE = ("--host", "imap.school.example", "--username", "office@school.example")


@pytest.fixture
def server() -> Iterator[ImapDouble]:
    with ImapDouble(messages={1: b"Subject: hello\r\n\r\n", 2: b"Subject: again\r\n\r\n"}) as double:
        yield double


def at(server: ImapDouble) -> tuple[str, ...]:
    place = f"--host {server.host} --port {server.port} --security none --username {server.username}"
    return tuple(place.split())


def added(type_in: Type, *words: str, secret: str = SECRET) -> Any:
    how = ("--password-stdin", "--json")
    return facts(type_in("mailboxes", "add", "Office", *(words or PLACE), *how, stdin=f"{secret}\n"))


def stored() -> list[Mailbox]:
    db.session.expire_all()
    return list(db.session.scalars(select(Mailbox)))


def test_a_mailbox_is_added_listed_and_shown_without_its_password(type_in: Type, sqlite_app: Flask) -> None:
    office = added(type_in, *PLACE, "--staff", "ann@school.example", "--every", "5m", "--largest-mb", "10")

    listed, shown = type_in("mailboxes", "list"), type_in("mailboxes", "show", "office")

    assert (office["interval_seconds"], office["largest_bytes"], office["port"]) == (300, 10_000_000, 993)
    assert office["staff"] == ["ann@school.example"]
    assert credentials.password_of(office["id"]).reveal() == "secret-42"
    assert "Office" in listed.stdout
    assert "imap.school.example:993 (tls)" in shown.stdout
    assert "secret-42" not in json.dumps(office) + listed.output + shown.output


def test_a_password_comes_from_a_file_as_it_stands_there(
    type_in: Type, sqlite_app: Flask, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_bytes(b" begins with a space\r\n")

    office = facts(type_in("mailboxes", "add", "Office", *PLACE, "--password-file", str(file), "--json"))

    assert credentials.password_of(office["id"]).reveal() == " begins with a space"


def test_several_secrets_come_on_standard_input_a_line_each(type_in: Type, sqlite_app: Flask) -> None:
    google = (
        "--auth",
        "google",
        "--client-id",
        "abc",
        "--client-secret-file",
        "-",
        "--refresh-token-file",
        "-",
    )

    made = facts(type_in("mailboxes", "add", "G", *PLACE, *google, "--json", stdin="first\nsecond\n"))

    tokens = credentials.tokens_of(made["id"])
    assert (tokens.client_secret.reveal(), tokens.refresh_token.reveal()) == ("first", "second")


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(
    type_in: Type, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def prompt(text: str, *, hide_input: bool, **how: object) -> str:
        asked.append(hide_input)
        return "typed"

    monkeypatch.setattr(mailbox_secrets, "_is_terminal", lambda: True)
    monkeypatch.setattr(mailbox_secrets.click, "prompt", prompt)

    made = facts(type_in("mailboxes", "add", "Office", *PLACE, "--json"))

    assert asked == [True]
    assert credentials.password_of(made["id"]).reveal() == "typed"


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        ((), "", "--password-file FILE"),
        (("--password-stdin",), "", "The password is empty"),
        (("--password-stdin", "--password-file", "-"), "x\n", "exclude each other"),
        (("--password-stdin", "--port", "99999"), "x\n", "A port cannot be 99999"),
        (("--password-stdin", "--every", "2s"), "x\n", "whole number from 10"),
        (("--password-stdin", "--largest-mb", "nan"), "x\n", "The largest size"),
        (("--password-stdin", "--staff", "nobody"), "x\n", "not a usable e-mail address"),
        (("--password-file", "/nowhere/password"), "", "does not exist"),
    ],
)
def test_what_cannot_be_used_is_said_and_nothing_is_stored(
    type_in: Type, sqlite_app: Flask, words: tuple[str, ...], stdin: str, said: str
) -> None:
    refused = type_in("mailboxes", "add", "Office", *PLACE, *words, stdin=stdin)

    assert refused.exit_code != 0
    assert said in refused.stderr
    assert "Traceback" not in refused.output
    assert stored() == []


def test_a_password_that_is_no_text_is_refused(type_in: Type, sqlite_app: Flask, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(b"\xff\xfe")

    refused = type_in("mailboxes", "add", "Office", *PLACE, "--password-file", str(file))

    assert (refused.exit_code, "is not text" in refused.stderr) == (1, True)


def test_only_what_is_given_is_changed(type_in: Type, sqlite_app: Flask) -> None:
    added(type_in, *PLACE, "--staff", "ann@school.example")

    changed = facts(
        type_in("mailboxes", "edit", "Office", "--name", "Front desk", "--security", "starttls", "--json")
    )
    emptied = facts(type_in("mailboxes", "edit", "front desk", "--staff", "", "--json"))

    assert (changed["name"], changed["security"], changed["port"]) == ("Front desk", "starttls", 143)
    assert (changed["staff"], emptied["staff"]) == (["ann@school.example"], [])
    assert credentials.password_of(changed["id"]).reveal() == "secret-42"


def test_for_another_server_the_password_is_wanted_again(type_in: Type, sqlite_app: Flask) -> None:
    added(type_in)

    refused = type_in("mailboxes", "edit", "Office", "--host", "imap.elsewhere.example")
    moved = type_in(
        "mailboxes", "edit", "Office", "--host", "imap.elsewhere.example", "--password-stdin", stdin="new\n"
    )

    assert refused.exit_code == 1
    assert "Enter the password again" in refused.stderr
    assert "--password-file" in refused.stderr
    assert moved.exit_code == 0


def test_each_step_of_the_connection_is_said(type_in: Type, sqlite_app: Flask, server: ImapDouble) -> None:
    added(type_in, *at(server), secret=server.password)

    tried = type_in("mailboxes", "test", "Office")
    steps = facts(type_in("mailboxes", "test", "Office", "--json"))

    assert tried.exit_code == 0
    assert tried.stdout.count("ok ") == len(steps["steps"]) == 7
    assert steps["ok"] is True
    assert steps["steps"][-1]["words"] == "2 messages"


def test_the_step_that_fails_is_named_with_its_cure(
    type_in: Type, sqlite_app: Flask, server: ImapDouble
) -> None:
    added(type_in, *at(server), secret="wrong-password-42")

    refused = type_in("mailboxes", "test", "Office")

    assert refused.exit_code == 1
    assert "FAILED login" in refused.stdout
    assert "many providers want an app password" in refused.stderr
    assert "wrong-password-42" not in refused.output


def test_what_does_not_work_is_not_stored_when_it_is_tried_first(
    type_in: Type, sqlite_app: Flask, server: ImapDouble
) -> None:
    words = ("mailboxes", "add", "Office", *at(server), "--password-stdin", "--test")

    refused = type_in(*words, stdin="wrong\n")
    before = stored()
    taken = type_in(*words, stdin=f"{server.password}\n")

    assert (refused.exit_code, before) == (1, [])
    assert "FAILED login" in refused.stderr
    assert (taken.exit_code, len(stored())) == (0, 1)


def test_a_mailbox_is_switched_off_on_and_removed(type_in: Type, sqlite_app: Flask) -> None:
    added(type_in)

    off = facts(type_in("mailboxes", "disable", "Office", "--json"))
    on = facts(type_in("mailboxes", "enable", "Office", "--json"))
    kept = type_in("mailboxes", "remove", "Office", stdin="n\n")
    gone = facts(type_in("mailboxes", "remove", "Office", "--yes", "--json"))

    assert (off["enabled"], on["enabled"]) == (False, True)
    assert (kept.exit_code, gone["removed"]) == (1, True)
    assert facts(type_in("mailboxes", "list", "--json")) == []
    assert stored()[0].password_sealed is None


@pytest.mark.parametrize("verb", ["show", "test", "poll", "audit", "edit", "remove", "enable", "disable"])
def test_a_mailbox_that_does_not_exist_is_said_with_the_way_to_those_that_do(
    type_in: Type, sqlite_app: Flask, verb: str
) -> None:
    refused = type_in("mailboxes", verb, "99999999999999999999")

    assert (refused.exit_code, "mailboxes list" in refused.stderr) == (1, True)
