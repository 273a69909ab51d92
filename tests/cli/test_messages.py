"""`messages` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse.cli.strangers import line, plain
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.mailboxes.processing import quarantine
from tests.cli.conftest import Type, facts
from tests.mailboxes.dispatch.inbox import a_mail, a_mailbox, arrive, row_of, store

WITH_A_FILE = (
    b"From: ann@home.example\r\nSubject: plan\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nsee\r\n--b\r\n"
    b"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n"
)

INVITATION = (
    b"From: Ann <ann@elsewhere.example>\r\nTo: office@school.example\r\nSubject: Concert\r\nMIME-Version: 1.0\r\n"
    b"Message-ID: <concert@elsewhere.example>\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
    b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:concert-1\r\n"
    b"DTSTAMP:20261101T100000Z\r\nDTSTART:20270601T180000Z\r\nDTEND:20270601T200000Z\r\nSUMMARY:Concert\r\n"
    b"ORGANIZER:mailto:ann@elsewhere.example\r\nATTENDEE:mailto:office@school.example\r\n"
    b"END:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_messages_are_listed_by_what_is_asked(type_in: Type, sqlite_app: Flask) -> None:
    question, report = arrive(a_mail()), arrive(a_mail(Subject="Away", Auto_Submitted="auto-replied"))
    office, other = question.mailbox.name, a_mailbox(name="Other", username="other@school.example").name

    def found(*words: str) -> list[int]:
        return [each["id"] for each in facts(type_in("messages", "list", *words, "--json"))]

    assert found() == [report.id, question.id]
    assert found("--kind", "auto_reply") == [report.id]
    assert found("--attention") == [question.id]
    assert found("--search", "AWAY") == [report.id]
    assert (len(found("--mailbox", office)), found("--mailbox", other)) == (2, [])
    assert found("--state", "quarantined") == []


def test_a_long_list_goes_on_where_the_page_ended(type_in: Type, sqlite_app: Flask) -> None:
    first, second = arrive(a_mail("one")), arrive(a_mail("two"))

    page = type_in("messages", "list", "--limit", "1")
    cursor = page.stderr.rpartition("--page ")[2].strip()
    rest = facts(type_in("messages", "list", "--page", cursor, "--json"))

    assert second.from_address in page.stdout
    assert [each["id"] for each in rest] == [first.id]


def test_one_message_tells_its_story(type_in: Type, sqlite_app: Flask) -> None:
    message = arrive(a_mail("When does 龍翀镕 begin?"))

    shown = type_in("messages", "show", str(message.id)).stdout
    known = facts(type_in("messages", "show", str(message.id), "--json"))

    assert "When does 龍翀镕 begin?" in shown
    assert "nobody else takes it" in shown
    assert known["event"]["text"].strip() == "When does 龍翀镕 begin?"
    assert [each["handler"] for each in known["actions"]] == ["staff"]


def test_what_a_stranger_wrote_cannot_command_the_terminal(type_in: Type, sqlite_app: Flask) -> None:
    message = arrive(a_mail("see \x1b]0;owned\x07 \x9b31m this"))

    shown = type_in("messages", "show", str(message.id)).stdout

    assert not {"\x1b", "\x07", "\x9b"} & set(shown)


def test_letters_of_every_script_stay_and_commands_and_turns_go() -> None:
    assert plain("龍 é\t👩‍👧\r\nשלום") == "龍 é\t👩‍👧\nשלום"
    assert plain("a\x1b[31mb\rc\u202ed") == "a\ufffd[31mb\ufffdcd"
    assert line("a\n b\tc") == "a b c"


def test_a_message_that_was_dealt_with_is_settled_once(type_in: Type, sqlite_app: Flask) -> None:
    message = arrive(a_mail())

    settled = facts(type_in("messages", "settle", str(message.id), "--json"))
    again = type_in("messages", "settle", str(message.id))

    assert (settled["attention"], settled["settled_by"][:4]) == (False, "cli:")
    assert (again.exit_code, "Nothing is left to do" in again.stderr) == (1, True)


def test_the_quarantine_is_read_anew_one_by_one_or_all(type_in: Type, sqlite_app: Flask) -> None:
    ids = [store(a_mail(text)) for text in ("one", "two")]
    for id in ids:
        quarantine.set_aside(id, "It could not be read.")

    why = facts(type_in("messages", "show", str(ids[0]), "--json"))["quarantine"]["quarantine_reason"]
    one = facts(type_in("messages", "replay", str(ids[0]), "--json"))
    every = facts(type_in("messages", "replay", "--all", "--json"))

    runs = db.session.scalars(select(JobRun.id).where(JobRun.name == "mailboxes.process")).all()
    assert (why, every) == ("It could not be read.", {"replayed": 1})
    assert (one["run"] in runs, len(runs)) == (True, 2)
    assert [row_of(id).state for id in ids] == ["stored", "stored"]


@pytest.mark.parametrize("words", [(), ("1", "--all")])
def test_it_must_be_said_what_is_read_anew(type_in: Type, sqlite_app: Flask, words: tuple[str, ...]) -> None:
    refused = type_in("messages", "replay", *words)

    assert (refused.exit_code, "Say which message" in refused.stderr) == (1, True)


def test_a_message_is_written_as_it_came(type_in: Type, sqlite_app: Flask, tmp_path: Path) -> None:
    data = a_mail()
    message, file = arrive(data), tmp_path / "message.eml"

    written = facts(type_in("messages", "raw", str(message.id), str(file), "--json"))
    again = type_in("messages", "raw", str(message.id), str(file))
    piped = type_in("messages", "raw", str(message.id), "-")

    assert file.read_bytes() == piped.stdout_bytes == data
    assert written["bytes"] == len(data)
    assert (again.exit_code, "already" in again.stderr) == (1, True)


def test_an_attachment_is_written_decoded(type_in: Type, sqlite_app: Flask, tmp_path: Path) -> None:
    message, file = arrive(WITH_A_FILE), tmp_path / "plan.pdf"

    shown = type_in("messages", "show", str(message.id)).stdout
    written = type_in("messages", "raw", str(message.id), str(file), "--attachment", "1")
    refused = type_in("messages", "raw", str(message.id), str(tmp_path / "none"), "--attachment", "9")

    assert "1: plan.pdf (8 bytes)" in shown
    assert (written.exit_code, file.read_bytes()) == (0, b"%PDF-1.4")
    assert (refused.exit_code, "no attachment 9" in refused.stderr) == (1, True)


def test_an_invitation_of_a_stranger_is_let_in_once_a_person_approves(
    type_in: Type, sqlite_app: Flask
) -> None:
    message = arrive(INVITATION)

    waiting = facts(type_in("messages", "show", str(message.id), "--json"))
    approved = facts(type_in("messages", "approve", str(message.id), "--json"))
    settled = facts(type_in("messages", "show", str(message.id), "--json"))

    assert "is not known here" in waiting["attention_why"]
    assert approved["event"] is not None
    assert (settled["attention"], settled["settled_by"][:4]) == (False, "cli:")


def test_what_carries_no_invitation_cannot_be_approved(type_in: Type, sqlite_app: Flask) -> None:
    refused = type_in("messages", "approve", str(arrive(a_mail()).id))

    assert (refused.exit_code, "no calendar file" in refused.stderr) == (1, True)


@pytest.mark.parametrize("words", [("show",), ("settle",), ("approve",), ("replay",), ("raw", "-")])
def test_a_message_that_does_not_exist_is_said(
    type_in: Type, sqlite_app: Flask, words: tuple[str, ...]
) -> None:
    missing = type_in("messages", words[0], "99", *words[1:])
    impossible = type_in("messages", words[0], "99999999999999999999", *words[1:])

    assert (missing.exit_code, "no message 99" in missing.stderr) == (1, True)
    assert impossible.exit_code == 2
