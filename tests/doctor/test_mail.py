"""Can mail leave: against a real SMTP server that misbehaves on request."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from edupulse.config import Secret, current_settings
from edupulse.doctor import mail
from edupulse.embedded.ports import free_port
from edupulse.mail import senders
from tests.doctor.conftest import states
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.test_dkim import stored

LOGIN = {"smtp_username": "office@school.example", "default_from_email": "School <office@school.example>"}


@pytest.fixture
def point_at(sqlite_app: Flask, change_settings: Callable[..., None]) -> Callable[..., None]:
    """Return a function that makes `double` the mail server."""

    def point_at(double: SmtpDouble, **values: object) -> None:
        change_settings(
            smtp_server=double.host, smtp_port=double.port, smtp_security="none", **LOGIN, **values
        )

    return point_at


def test_without_a_mail_server_it_is_said_what_to_set(sqlite_app: Flask) -> None:
    (finding,) = mail.server()

    assert (finding.state, "SMTP_SERVER" in finding.cure) == ("warning", True)


def test_a_server_that_lets_us_in_is_fine_and_nothing_is_sent(point_at: Callable[..., None]) -> None:
    with SmtpDouble(login=("office@school.example", "right")) as double:
        point_at(double, smtp_password=Secret("right"))

        found = states(mail.server())

    assert found == {"mail_server": "ok"}
    assert double.accepted == []


def test_a_refused_login_is_a_problem_with_a_cure_and_without_the_password(
    point_at: Callable[..., None],
) -> None:
    with SmtpDouble(login=("office@school.example", "right")) as double:
        point_at(double, smtp_password=Secret("wrong-password-42"))

        (finding,) = mail.server()

    assert (finding.id, finding.state) == ("mail_login", "problem")
    assert finding.cure
    assert "wrong-password-42" not in repr(finding)


def test_a_refused_sender_address_is_a_problem(point_at: Callable[..., None]) -> None:
    with SmtpDouble(
        on("mail", reply("553 5.7.1 not yours")), login=("office@school.example", "right")
    ) as double:
        point_at(double, smtp_password=Secret("right"))

        (finding,) = mail.server()

    assert (finding.id, finding.state) == ("mail_sender", "problem")


def test_a_server_that_is_away_is_a_problem(sqlite_app: Flask, change_settings: Callable[..., None]) -> None:
    change_settings(smtp_server="127.0.0.1", smtp_port=free_port("127.0.0.1"), smtp_security="none")

    (finding,) = mail.server()

    assert (finding.id, finding.state, bool(finding.cure)) == ("mail_tcp", "problem", True)


def test_a_pause_is_shown_with_its_reason_and_cure(sqlite_app: Flask) -> None:
    senders.pause(cause="login", reason="The login was refused.", cure="Use an app password.")

    (finding,) = mail.sender()

    assert (finding.state, finding.finding, finding.cure) == (
        "problem",
        "The login was refused.",
        "Use an app password.",
    )


def test_without_dkim_nothing_is_said_about_it(sqlite_app: Flask) -> None:
    assert list(mail.signature()) == []


def test_a_key_that_cannot_be_used_is_a_problem(
    sqlite_app: Flask, change_settings: Callable[..., None]
) -> None:
    change_settings(
        dkim_domain="school.example", dkim_selector="2026", dkim_key_file="/nowhere/dkim.pem", **LOGIN
    )

    (finding,) = mail.signature()

    assert (finding.id, finding.state) == ("mail_signature", "problem")
    assert "/nowhere/dkim.pem" in finding.finding
    assert "openssl genrsa" in finding.cure


@pytest.mark.parametrize(
    ("domain", "state", "said"),
    [
        ("other.example", "warning", "Set DKIM_DOMAIN to school.example."),
        ("school.example", "ok", "signed for school.example"),
    ],
)
def test_a_signature_of_another_domain_is_doubtful(
    sqlite_app: Flask,
    change_settings: Callable[..., None],
    tmp_path: Path,
    domain: str,
    state: str,
    said: str,
) -> None:
    key_file = stored(tmp_path)
    change_settings(dkim_domain=domain, dkim_selector="2026", dkim_key_file=key_file, **LOGIN)

    (finding,) = mail.signature()

    assert (finding.state, said in finding.finding) == (state, True)


def test_the_folder_of_the_journal_is_tried_and_left_as_it_was(sqlite_app: Flask) -> None:
    folder = current_settings().data_dir / "sending"
    folder.mkdir(exist_ok=True)
    before = sorted(folder.iterdir())

    (finding,) = mail.journal()

    assert (finding.id, finding.state) == ("mail_journal", "ok")
    assert sorted(folder.iterdir()) == before


def test_a_journal_that_cannot_be_kept_is_named(
    sqlite_app: Flask, change_settings: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "sending").write_text("a file where the folder belongs")
    change_settings(data_dir=tmp_path)

    (finding,) = mail.journal()

    assert (finding.id, finding.state) == ("mail_journal", "problem")
    assert str(tmp_path / "sending") in finding.finding
    assert "disk of this machine" in finding.cure
