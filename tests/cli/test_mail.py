"""`mail` on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import select, update

from edupulse.cli import waiting
from edupulse.config import Secret
from edupulse.control.models import Worker
from edupulse.control.workers import present
from edupulse.database import db
from edupulse.mail import senders
from edupulse.mail.deliver import deliver
from edupulse.mail.models import Delivery
from edupulse.transaction import transaction
from tests.cli.conftest import Type, facts
from tests.doubles.smtp_double import SmtpDouble

USER = "office@school.example"


@pytest.fixture
def server() -> Iterator[SmtpDouble]:
    with SmtpDouble(login=(USER, "right")) as double:
        yield double


@pytest.fixture
def worker(
    server: SmtpDouble,
    sqlite_app: Flask,
    change_settings: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[..., None]]:
    """The real mail line runs whenever the command waits. Returns a function that sets the password."""

    def use(password: str) -> None:
        change_settings(
            smtp_server=server.host,
            smtp_port=server.port,
            smtp_security="none",
            smtp_username=USER,
            smtp_password=Secret(password),
            default_from_email=USER,
        )

    use("right")
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: deliver(waiting_mails()))
    with present("worker", ("email",)):
        yield use


def waiting_mails() -> list[int]:
    return list(db.session.scalars(select(Delivery.id).where(Delivery.state == "queued")))


def test_a_test_mail_is_sent_and_the_servers_answer_is_shown(
    type_in: Type, server: SmtpDouble, worker: Callable[..., None]
) -> None:
    sent = facts(type_in("mail", "test", "li@school.example", "--json"))

    assert sent["state"] == "sent"
    assert server.copies(sent["message_id"], "li@school.example") == 1


def test_a_wrong_password_is_said_with_the_cure_and_never_shown(
    type_in: Type, server: SmtpDouble, worker: Callable[..., None]
) -> None:
    worker("wrong-password-42")

    refused = type_in("mail", "test", "li@school.example")

    assert refused.exit_code == 1
    assert "password" in refused.stderr
    assert "wrong-password-42" not in refused.output
    assert "Traceback" not in refused.output
    assert server.accepted == []


def test_without_a_mail_server_it_is_said_what_to_set(
    type_in: Type, worker: Callable[..., None], change_settings: Callable[..., None]
) -> None:
    change_settings(smtp_server="")

    refused = type_in("mail", "test", "li@school.example")

    assert refused.exit_code == 1
    assert "Set SMTP_SERVER" in refused.stderr


def test_the_step_at_which_the_way_to_the_server_ends_is_named(
    type_in: Type, worker: Callable[..., None], change_settings: Callable[..., None]
) -> None:
    change_settings(smtp_port=1)

    refused = type_in("mail", "test", "li@school.example")

    assert (refused.exit_code, "FAILED tcp" in refused.stderr) == (1, True)
    assert "ends at 'tcp'" in refused.stderr


def test_where_no_worker_runs_the_test_mail_is_sent_from_here(
    type_in: Type, server: SmtpDouble, worker: Callable[..., None]
) -> None:
    with transaction() as session:
        session.execute(update(Worker).values(state="stopped"))

    sent = facts(type_in("mail", "test", "li@school.example", "--json"))

    assert sent["state"] == "sent"
    assert len(server.accepted) == 1


def test_a_mended_account_goes_on_after_a_test_mail(
    type_in: Type, server: SmtpDouble, worker: Callable[..., None]
) -> None:
    senders.pause(cause="login", reason="The login was refused.", cure="Use an app password.")

    sent = facts(type_in("mail", "test", "li@school.example", "--json"))

    assert sent["state"] == "sent"


def test_a_bad_address_is_refused_and_nothing_is_queued(type_in: Type, sqlite_app: Flask) -> None:
    refused = type_in("mail", "test", "li@school.example\nBcc: all@school.example")

    assert refused.exit_code == 1
    assert db.session.scalars(select(Delivery)).all() == []


def test_a_mail_is_listed_and_shown_with_its_attempts(type_in: Type, worker: Callable[..., None]) -> None:
    sent = facts(type_in("mail", "test", "li@school.example", "--json"))

    listed = facts(type_in("mail", "list", "--address", "li@", "--json"))
    shown = facts(type_in("mail", "show", str(sent["id"]), "--json"))

    assert [mail["id"] for mail in listed] == [sent["id"]]
    assert [attempt["code"] for attempt in shown["attempts"]] == [250]


def test_an_unknown_mail_is_settled_by_what_the_person_says(type_in: Type, sqlite_app: Flask) -> None:
    queued = facts(type_in("mail", "test", "li@school.example", "--no-wait", "--json"))
    db.session.get_one(Delivery, queued["id"]).state = "unknown"
    db.session.commit()

    settled = facts(type_in("mail", "settle", str(queued["id"]), "--arrived", "--json"))

    assert settled["state"] == "sent"


def test_only_what_did_not_arrive_can_be_sent_again(type_in: Type, worker: Callable[..., None]) -> None:
    sent = facts(type_in("mail", "test", "li@school.example", "--json"))

    refused = type_in("mail", "resend", str(sent["id"]))

    assert (refused.exit_code, "unknown, rejected or cancelled" in refused.stderr) == (1, True)


def test_a_paused_account_goes_on_when_it_is_told_to(type_in: Type, sqlite_app: Flask) -> None:
    senders.pause(cause="login", reason="The login was refused.", cure="Use an app password.")

    assert "Sending goes on" in type_in("mail", "resume").stdout
    assert "was not paused" in type_in("mail", "resume").stdout
