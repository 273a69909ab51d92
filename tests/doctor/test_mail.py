"""Can mail leave: against a real SMTP server that misbehaves on request."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.config import Secret
from edupulse.doctor import mail
from edupulse.embedded.ports import free_port
from edupulse.mail import senders
from tests.doctor.conftest import states
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply

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
