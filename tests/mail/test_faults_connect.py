"""Faults 1 to 11 as the ledger shows them: no connection costs a mail, and what a person must mend is said once."""

from __future__ import annotations

import errno
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.database import db
from edupulse.mail import connections, dial, gate, monitor, pump, senders
from edupulse.mail.account import SmtpAccount
from edupulse.mail.models import Attempt, Sender, Suppression
from edupulse.secret import Secret
from tests.doubles.smtp_double import Conversation, SmtpDouble
from tests.doubles.smtp_script import accept, close, drip, encrypt, on, raw, reply, stall, wait
from tests.mail.bulk import ids_of, mailing, standing
from tests.mail.faults import AT_ONCE, ChangeSettings, account_for_all, go_on_at, go_on_until_over
from tests.mail.line import row, sender, through, tries
from tests.mail.smtp_client import said_to

LOGIN = {"smtp_username": "office", "smtp_password": Secret("right")}


def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(opened: socket.socket, *_: object) -> None:
        opened.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(dial, "_connected", connected)


def no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(opened: socket.socket, *_: object) -> None:
        opened.close()
        raise OSError(errno.EHOSTUNREACH, "No route to host")

    monkeypatch.setattr(dial, "_connected", connected)


def no_such_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    ("breaks", "cause"),
    [(refused, "refused"), (no_route, "unreachable"), (no_such_name, "dns")],
    ids=["refused", "no_route", "dns"],
)
def test_row_1_an_unreachable_server_leaves_every_row_queued_with_one_incident_and_nobody_charged(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, breaks: Any, cause: str
) -> None:
    one = mailing(8)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        with monkeypatch.context() as broken:
            breaks(broken)
            for _ in range(3):
                pump.pump()
                go_on_at(sender().resume_at or clock.now(), one)
        held, at = sender(), clock.now()

        assert standing(one) == {"queued": 8}
        assert (held.pause_cause, held.failures) == (cause, 4)
        assert timedelta(seconds=0) < (held.resume_at or at) - at <= timedelta(minutes=11)
        assert db.session.query(Sender).filter(Sender.paused_at.is_not(None)).count() == 1
        assert (monitor.sender_service().state, monitor.paused_senders()) == ("degraded", [])
        assert db.session.query(Attempt).count() == 0
        go_on_until_over(one)

    assert account_for_all(one, 8, double) == {"sent": 8}
    assert {(row(id).attempts_made, row(id).tries) for id in ids_of(one)} == {(1, 1)}


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param((stall,), id="row_2_never_greets"),
        pytest.param((reply("421 4.3.2 not now"), close), id="row_3_greets_421"),
        pytest.param((drip("220 a very slow greeting here\r\n", 0.05),), id="row_4_greeting_dripped"),
    ],
)
def test_rows_2_to_4_a_server_that_does_not_greet_is_waited_for_and_charges_nobody(
    app: Flask, change_settings: ChangeSettings, greeting: Any
) -> None:
    one = mailing(3)
    silent = on("greeting", *greeting, times=8)

    with through(SmtpDouble(silent), change_settings, email_timeout=0.1, **AT_ONCE) as double:
        pump.pump()
        assert standing(one) == {"queued": 3}
        assert sender().resume_at is not None
        assert [tries(id) for id in ids_of(one)] == [[], [], []]
        silent.times = 0
        go_on_until_over(one)

    assert account_for_all(one, 3, double) == {"sent": 3}


def test_row_5_a_server_that_knows_no_ehlo_gets_a_mailing_without_extensions(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)

    with through(SmtpDouble(on("ehlo", reply("502 5.5.1 what?"))), change_settings, **AT_ONCE) as double:
        pump.pump()

    assert account_for_all(one, 3, double) == {"sent": 3}


@pytest.mark.parametrize(
    ("double", "trusted", "cause"),
    [
        pytest.param({}, "good", "tls_missing", id="absent"),
        pytest.param({"security": "starttls"}, None, "certificate", id="self_made"),
        pytest.param(
            {"security": "starttls", "certificate": "expired"}, "expired", "certificate", id="expired"
        ),
        pytest.param(
            {"security": "starttls", "certificate": "other_name"},
            "other_name",
            "certificate",
            id="wrong_name",
        ),
    ],
)
def test_row_6_a_way_out_that_is_not_safe_pauses_with_its_cause_and_nothing_goes_in_clear(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    double: dict[str, Any],
    trusted: str | None,
    cause: str,
) -> None:
    one = mailing(3)

    with through(
        SmtpDouble(**double, login=("office", "right")), change_settings, **AT_ONCE, **LOGIN
    ) as server:
        change_settings(smtp_security="starttls")
        _trust(monkeypatch, str(server.certificate.with_stem(trusted)) if trusted else None)
        pump.pump()
        pump.pump()

    assert standing(one) == {"queued": 3}
    assert (sender().pause_cause, sender().resume_at, bool(sender().pause_cure)) == (cause, None, True)
    assert len(server.connections) == 1
    assert not {"AUTH", "MAIL"} & set(said_to(server))


def test_row_7_what_is_injected_before_tls_sends_nothing_and_charges_nobody(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = mailing(3)
    injected = on("starttls", raw("220 go\r\n250 injected\r\n"), encrypt, times=8)
    double = SmtpDouble(injected, security="starttls", login=("office", "right"))

    with through(double, change_settings, smtp_security="starttls", **AT_ONCE, **LOGIN):
        change_settings(smtp_security="starttls")
        _trust(monkeypatch, str(double.certificate))
        pump.pump()
        assert standing(one) == {"queued": 3}
        assert not {"AUTH", "MAIL"} & set(said_to(double))
        injected.times = 0
        go_on_until_over(one)

    assert account_for_all(one, 3, double) == {"sent": 3}


@pytest.mark.parametrize(
    "actions",
    [(reply("454 4.7.0 temporary authentication failure"),), (reply("421 4.7.0 closing"), close)],
    ids=["454", "421"],
)
def test_row_9_a_login_that_is_busy_waits_a_while_and_asks_nobody(
    app: Flask, change_settings: ChangeSettings, actions: Any
) -> None:
    one = mailing(3)
    busy = on("auth", *actions, times=1)

    with through(SmtpDouble(busy, login=("office", "right")), change_settings, **AT_ONCE, **LOGIN) as double:
        pump.pump()
        assert (standing(one), monitor.paused_senders()) == ({"queued": 3}, [])
        go_on_until_over(one)

    assert account_for_all(one, 3, double) == {"sent": 3}


BASIC_AUTH_GONE = "550 5.7.30 Basic authentication is not supported"


@pytest.mark.parametrize(
    ("at", "which", "sent"), [("auth", {}, 0), ("mail", {"mail": 3}, 2)], ids=["at_the_login", "mid_run"]
)
def test_row_10_the_end_of_basic_sign_in_pauses_with_its_cause_and_marks_nobody(
    app: Flask, change_settings: ChangeSettings, at: str, which: dict[str, int], sent: int
) -> None:
    one = mailing(6)
    gone = on(at, reply(BASIC_AUTH_GONE), **which)
    settings = {**AT_ONCE, **LOGIN, "email_provider": "microsoft365"}

    with through(SmtpDouble(gone, login=("office", "right")), change_settings, **settings) as double:
        pump.pump()
        pump.pump()

    assert account_for_all(one, 6, double) == {
        state: n for state, n in (("sent", sent), ("queued", 6 - sent)) if n
    }
    assert (sender().pause_cause, sender().resume_at) == ("basic_auth_off", None)
    assert "relay" in (sender().pause_cure or "")
    assert db.session.query(Suppression).count() == 0
    assert len(double.connections) == 1


def test_row_10_a_server_that_signs_in_by_token_alone_pauses_because_we_have_no_tokens(
    app: Flask, change_settings: ChangeSettings
) -> None:
    # XOAUTH2 is not spoken here, so there is nothing to refresh: what is left of the row is its "else".
    one = mailing(3)
    double = SmtpDouble(login=("office", "right"), mechanisms="XOAUTH2 OAUTHBEARER")

    with through(double, change_settings, **AT_ONCE, **LOGIN):
        pump.pump()
        pump.pump()

    assert standing(one) == {"queued": 3}
    assert (sender().pause_cause, sender().resume_at) == ("auth_unsupported", None)
    assert len(double.connections) == 1


@pytest.mark.parametrize(
    ("at", "answer", "provider"),
    [
        pytest.param("mail", "432 4.3.2 sender thread limit exceeded", "microsoft365", id="432"),
        pytest.param("greeting", "421 HL:ICC too many connections", "netease", id="421_hl_icc"),
    ],
)
def test_row_11_a_server_that_bears_two_connections_gets_two_then_slowly_one_more(
    sqlite_app: Flask,
    change_settings: ChangeSettings,
    real_redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    at: str,
    answer: str,
    provider: str,
) -> None:
    monkeypatch.setattr(gate, "AT_ONCE", 5)
    crowded = on(at, reply(answer), close, when=lambda c: _open(c) > 2)
    slow = on("dot", accept, wait(0.01), reply("250 2.0.0 ok"))
    unbound = {"email_per_minute": 0, "email_daily_quota": 0, "email_connections": 5}
    settings = {**AT_ONCE, **unbound, "email_provider": provider, "bulk_email_batch_size": 5}
    first, second, third = mailing(60), 0, 0

    with through(SmtpDouble(crowded, slow), change_settings, **settings) as double:
        _pump_by(4, sqlite_app, first)
        learned, refusals = _learned(real_redis), crowded.used
        second = mailing(60)
        _pump_by(4, sqlite_app, second)
        again = crowded.used
        _five_quiet_minutes(real_redis)
        third = mailing(60)
        _pump_by(4, sqlite_app, third)
        connections.close_all()

    assert (learned, again) == (2, refusals)
    assert 1 <= crowded.used - again <= 2
    assert _learned(real_redis) == 2
    for one in (first, second, third):
        assert account_for_all(one, 60, double) == {"sent": 60}
        assert {row(id).attempts_made for id in ids_of(one)} == {1}


def _open(c: Conversation) -> int:
    return sum(not each.closed for each in c.server.connections)


def _pump_by(workers: int, app: Flask, mailing_id: int) -> None:
    """Send a mailing by several workers at once, each with a connection of its own."""
    problems: list[BaseException] = []
    start = threading.Barrier(workers)

    def work(place: int) -> None:
        with app.app_context():
            start.wait()
            try:
                pump.pump(place, only=mailing_id)
            except BaseException as problem:  # noqa: BLE001 - shown by the assertion below
                problems.append(problem)
            db.session.remove()

    threads = [threading.Thread(target=work, args=(place,)) for place in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    go_on_at(clock.now() + timedelta(minutes=1), mailing_id)


def _learned(redis: Redis) -> int:
    (key,) = redis.keys("*:learned")
    return int(redis.hget(key, "most") or 0)


def _five_quiet_minutes(redis: Redis) -> None:
    (key,) = redis.keys("*:learned")
    redis.hset(key, "at", float(redis.hget(key, "at") or 0) - 301)


def _trust(monkeypatch: pytest.MonkeyPatch, ca_file: str | None) -> None:
    known = senders.account

    def account() -> SmtpAccount:
        return replace(known(), ca_file=ca_file)

    monkeypatch.setattr(senders, "account", account)
