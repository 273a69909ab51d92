"""Faults 1 to 11: what goes wrong before the first mail must not cost a mail, nor make it go in clear."""

from __future__ import annotations

import socket
import threading
import traceback
from base64 import b64encode
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.providers import MICROSOFT365, NETEASE, QQ
from edupulse.mail.smtp import SmtpAccount, connect
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, drip, encrypt, on, raw, reply, stall, wait
from tests.mail.smtp_client import IMPATIENT, account_for, failure_of, mail, said_to, send_one

pytestmark = pytest.mark.timeout(10)

Security = Literal["starttls", "tls"]
USER, PASSWORD = "office@school.example", "open-sesame-42"
LOGIN = {"username": USER, "password": PASSWORD}


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: nobody answers, nobody else can take it
        yield taken.getsockname()[1]


def test_row_1_a_refused_connection_charges_no_attempt(closed_port: int) -> None:
    failure = failure_of(SmtpAccount("127.0.0.1", closed_port))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.UNREACHABLE, "refused")
    assert failure.step == "tcp"
    assert not failure.outcome.charged


def test_row_1_an_unknown_name_charges_no_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    failure = failure_of(SmtpAccount("mail.nowhere.example", 587))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.UNREACHABLE, "dns")
    assert failure.outcome.text == "Name or service not known"
    assert "SMTP_SERVER" in failure.cure


def test_row_1_a_resolver_that_never_answers_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: released.wait(5) and [])

    failure = failure_of(SmtpAccount("mail.slow.example", 587, timeout=0.1))
    released.set()

    assert (failure.step, failure.outcome.cause) == ("dns", "dns")


def test_row_2_a_server_that_never_greets_is_given_up() -> None:
    with SmtpDouble(on("greeting", stall)) as double:
        failure = failure_of(account_for(double, **IMPATIENT))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.UNREACHABLE, "timeout")
    assert failure.step == "greeting"


@pytest.mark.parametrize(
    ("greeting", "verdict", "waits"),
    [
        pytest.param("421 4.3.2 not now", Verdict.UNREACHABLE, True, id="row_3_greeting_421"),
        pytest.param("554 5.7.1 no mail from you", Verdict.SENDER, False, id="row_3_greeting_554"),
    ],
)
def test_a_refusing_greeting_waits_or_pauses(greeting: str, verdict: Verdict, waits: bool) -> None:
    with SmtpDouble(on("greeting", reply(greeting), close)) as double:
        outcome = failure_of(account_for(double)).outcome

    assert (outcome.phase, outcome.verdict) == (Phase.CONNECT, verdict)
    assert (outcome.retry_after is not None) is waits
    assert outcome.code == int(greeting[:3])


def test_row_4_a_dripped_greeting_cannot_stretch_its_deadline() -> None:
    # 30 bytes at 0.05 s: each comes in time, all of them do not.
    with SmtpDouble(on("greeting", drip("220 a very slow greeting here\r\n", 0.05))) as double:
        failure = failure_of(account_for(double, **IMPATIENT))

    assert (failure.step, failure.outcome.cause) == ("greeting", "timeout")


def test_row_5_a_server_of_the_old_kind_takes_mail_without_extensions() -> None:
    with SmtpDouble(on("ehlo", reply("502 5.5.1 what is that?"))) as double:
        outcome = send_one(double)

    assert outcome.sent
    assert said_to(double)[:2] == ["EHLO", "HELO"]


def test_row_5_without_ehlo_there_is_no_tls_and_so_no_mail() -> None:
    with SmtpDouble(on("ehlo", reply("502 what is that?")), security="starttls") as double:
        failure = failure_of(account_for(double))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "tls_missing")
    assert "MAIL" not in said_to(double)


def test_row_6_without_starttls_nothing_is_said_in_clear() -> None:
    with SmtpDouble(login=(USER, PASSWORD)) as double:
        failure = failure_of(account_for(double, security="starttls", **LOGIN))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "tls_missing")
    assert said_to(double) == ["EHLO"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    ("certificate", "trusted"),
    [
        pytest.param("good", None, id="row_6_self_made"),
        pytest.param("expired", "expired", id="row_6_expired"),
        pytest.param("other_name", "other_name", id="row_6_wrong_name"),
    ],
)
def test_a_bad_certificate_pauses_the_sender(
    security: Security, certificate: str, trusted: str | None
) -> None:
    with SmtpDouble(security=security, certificate=certificate, login=(USER, PASSWORD)) as double:
        trust = str(double.certificate.with_stem(trusted)) if trusted else None
        failure = failure_of(account_for(double, ca_file=trust, **LOGIN))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "certificate")
    assert failure.step == "tls"
    assert not {"AUTH", "MAIL"} & set(said_to(double))


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_over_a_good_certificate_mail_is_sent_encrypted_and_signed_in(security: Security) -> None:
    with SmtpDouble(security=security, login=(USER, PASSWORD)) as double:
        outcome = send_one(double, **LOGIN)

    assert outcome.sent
    assert double.connections[0].secure
    assert double.connections[0].logins == 1


def test_row_6_starttls_refused_for_the_moment_is_tried_again_later() -> None:
    with SmtpDouble(on("starttls", reply("454 4.7.0 TLS not available")), security="starttls") as double:
        outcome = failure_of(account_for(double)).outcome

    assert outcome.verdict is Verdict.UNREACHABLE
    assert "MAIL" not in said_to(double)


def test_row_6_tls_spoken_to_a_plain_port_names_port_and_security() -> None:
    with SmtpDouble() as double:
        failure = failure_of(account_for(double, security="tls"))

    assert (failure.step, failure.outcome.verdict) == ("tls", Verdict.SENDER)
    assert "SMTP_PORT" in failure.cure


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((raw("220 go\r\n250 injected\r\n"), encrypt), id="row_7_in_one_piece"),
        pytest.param((reply("220 go"), raw("250-injected\r\n"), encrypt), id="row_7_right_behind"),
        pytest.param(
            (reply("220 go"), wait(0.05), raw("250 injected\r\n"), encrypt), id="row_7_in_the_handshake"
        ),
    ],
)
def test_what_is_injected_before_tls_is_never_taken_for_an_answer(actions: Any) -> None:
    with SmtpDouble(on("starttls", *actions), security="starttls") as double:
        failure = failure_of(account_for(double))

    assert failure.step == "tls"
    assert said_to(double) == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("mechanisms", ["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2 LOGIN PLAIN"])
def test_every_known_mechanism_signs_in(mechanisms: str) -> None:
    with SmtpDouble(login=(USER, PASSWORD), mechanisms=mechanisms) as double:
        connect(account_for(double, **LOGIN)).close()

    assert double.connections[0].logins == 1


def test_row_8_a_wrong_password_is_said_once_and_pauses_the_sender() -> None:
    with SmtpDouble(login=(USER, "another"), security="starttls") as double:
        failure = failure_of(account_for(double, provider=QQ, **LOGIN))

    assert (failure.outcome.phase, failure.outcome.verdict) == (Phase.LOGIN, Verdict.SENDER)
    assert failure.outcome.cause == "password"
    assert "授权码" in failure.cure
    assert said_to(double).count("AUTH") == 1


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((reply("454 4.7.0 temporary authentication failure"),), id="row_9_auth_454"),
        pytest.param((reply("421 4.7.0 closing"), close), id="row_9_auth_421"),
    ],
)
def test_a_login_that_cannot_be_checked_now_does_not_pause(actions: Any) -> None:
    with SmtpDouble(on("auth", *actions), login=(USER, PASSWORD)) as double:
        outcome = failure_of(account_for(double, **LOGIN)).outcome

    assert (outcome.phase, outcome.verdict) == (Phase.LOGIN, Verdict.UNREACHABLE)
    assert outcome.retry_after == 60
    assert not outcome.charged


def test_row_10_the_end_of_basic_auth_pauses_with_its_own_cure() -> None:
    gone = on("auth", reply("550 5.7.30 Basic authentication is not supported"))
    with SmtpDouble(gone, login=(USER, PASSWORD)) as double:
        failure = failure_of(account_for(double, provider=MICROSOFT365, **LOGIN))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "basic_auth_off")
    assert "relay" in failure.cure


def test_row_10_basic_auth_that_ends_mid_run_pauses_too() -> None:
    with SmtpDouble(on("mail", reply("550 5.7.30 Basic authentication is not supported"), mail=2)) as double:
        session = connect(account_for(double, provider=MICROSOFT365))
        first, second = session.send(mail(1)), session.send(mail(2))
        session.close()

    assert first.sent
    assert (second.verdict, second.cause) == (Verdict.SENDER, "basic_auth_off")


def test_row_11_too_many_connections_at_the_greeting_means_fewer_not_failed() -> None:
    with SmtpDouble(on("greeting", reply("421 HL:ICC too many connections"), close)) as double:
        outcome = failure_of(account_for(double, provider=NETEASE)).outcome

    assert (outcome.verdict, outcome.cause) == (Verdict.PACE, "concurrency")
    assert not outcome.charged


def test_row_11_too_many_connections_at_the_dot_drops_this_one() -> None:
    limit = reply("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded")
    with (
        SmtpDouble(on("dot", limit)) as double,
        connect(account_for(double, provider=MICROSOFT365)) as session,
    ):
        outcome = session.send(mail())

        assert (outcome.verdict, outcome.cause) == (Verdict.PACE, "concurrency")
        assert outcome.surely_not_sent
        assert not session.usable()


def test_a_password_outside_ascii_is_named_before_it_is_tried() -> None:
    with SmtpDouble(login=(USER, PASSWORD)) as double:
        failure = failure_of(account_for(double, username=USER, password="ｐassword"))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "password_not_ascii")
    assert "AUTH" not in said_to(double)


def test_a_server_that_offers_no_login_pauses_the_sender() -> None:
    with SmtpDouble() as double:
        failure = failure_of(account_for(double, **LOGIN))

    assert (failure.outcome.verdict, failure.outcome.cause) == (Verdict.SENDER, "auth_unsupported")


def test_no_secret_shows_even_when_the_server_repeats_it() -> None:
    spoken = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    echo = on("auth", reply(f"535 5.5.2 cannot parse AUTH PLAIN {spoken} ({PASSWORD})"))
    with SmtpDouble(echo, login=(USER, PASSWORD), mechanisms="PLAIN") as double:
        account = account_for(double, **LOGIN)
        failure = failure_of(account)

    shown = (
        "".join(traceback.format_exception(failure)) + repr(failure.outcome) + repr(account) + str(failure)
    )
    assert "cannot parse AUTH PLAIN *** (***)" in failure.outcome.text
    assert PASSWORD not in shown
    assert spoken not in shown


def test_a_challenge_that_is_no_base64_ends_the_login() -> None:
    with SmtpDouble(on("auth", reply("334 A")), login=(USER, PASSWORD), mechanisms="CRAM-MD5") as double:
        outcome = failure_of(account_for(double, **LOGIN)).outcome

    assert (outcome.phase, outcome.verdict) == (Phase.LOGIN, Verdict.PROTOCOL)


def test_the_steps_are_told_as_they_succeed() -> None:
    heard: list[str] = []
    with SmtpDouble(security="starttls", login=(USER, PASSWORD)) as double:
        connect(account_for(double, **LOGIN), lambda step, finding: heard.append(step)).close()

    assert heard == ["dns", "tcp", "greeting", "hello", "tls", "hello", "login"]
