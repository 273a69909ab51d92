"""The walk to the mail server tells each step, and at the first that fails what to do."""

from __future__ import annotations

import pytest

from edupulse.mail.probe import probe
from edupulse.mail.providers import NETEASE
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import on, reply
from tests.mail.smtp_client import account_for, said_to

pytestmark = pytest.mark.timeout(10)

USER, PASSWORD = "office@school.example", "open-sesame-42"
LOGIN = {"username": USER, "password": PASSWORD}


def test_a_good_account_passes_every_step_and_sends_nothing() -> None:
    with SmtpDouble(security="starttls", login=(USER, PASSWORD)) as double:
        steps = probe(account_for(double, **LOGIN), sender=USER)

    assert [step.name for step in steps] == [
        "dns",
        "tcp",
        "greeting",
        "hello",
        "tls",
        "hello",
        "login",
        "sender",
    ]
    assert all(step.ok for step in steps)
    assert all(step.finding for step in steps)
    assert "certificate valid until Jan  1 00:00:00 2120 GMT" in steps[4].finding
    assert "DATA" not in said_to(double)


def test_with_an_address_the_test_mail_arrives() -> None:
    with SmtpDouble() as double:
        steps = probe(account_for(double), sender=USER, to="ann@example.org")

    assert (steps[-1].name, steps[-1].ok) == ("mail", True)
    assert [copy.recipient for copy in double.accepted] == ["ann@example.org"]
    assert b"Auto-Submitted: auto-generated" in double.accepted[0].data


def test_a_refused_login_ends_the_walk_with_the_providers_cure() -> None:
    with SmtpDouble(login=(USER, "another")) as double:
        steps = probe(account_for(double, provider=NETEASE, **LOGIN), sender=USER, to="ann@example.org")

    assert (steps[-1].name, steps[-1].ok) == ("login", False)
    assert "授权码" in steps[-1].cure
    assert "535 5.7.8" in steps[-1].finding
    assert PASSWORD not in repr(steps)
    assert "MAIL" not in said_to(double)


def test_a_refused_sender_address_is_found_without_sending() -> None:
    with SmtpDouble(on("mail", reply("553 5.7.1 not your address"))) as double:
        steps = probe(account_for(double), sender=USER, to="ann@example.org")

    assert (steps[-1].name, steps[-1].ok) == ("sender", False)
    assert "DEFAULT_FROM_EMAIL" in steps[-1].finding
    assert double.accepted == []


def test_a_refused_recipient_is_told_with_the_servers_words() -> None:
    with SmtpDouble(on("rcpt", reply("550 5.1.1 no such user"))) as double:
        steps = probe(account_for(double), sender=USER, to="gone@example.org")

    assert (steps[-1].name, steps[-1].ok) == ("mail", False)
    assert steps[-1].finding == "There is no such mailbox. (550 5.1.1 no such user)"


def test_an_address_that_cannot_be_written_to_is_said_so() -> None:
    with SmtpDouble() as double:
        steps = probe(account_for(double), sender=USER, to="ann\r\nDATA@example.org")

    assert not steps[-1].ok
    assert double.accepted == []
