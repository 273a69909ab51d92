"""Warm connections: used again, left in time, never shared with a child or another account."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edupulse.mail import connections
from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.smtp import NotConnected
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, on, usual
from tests.mail.smtp_client import account_for, until

MAIL = Envelope(
    "office@school.example", "ann@example.org", b"Message-ID: <1@school.example>\r\n\r\nHello\r\n"
)


def test_a_connection_is_used_again() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        for _ in range(3):
            with connections.leased(account) as session:
                session.send(MAIL)

        assert len(double.connections) == 1
        connections.close_all()


def test_two_jobs_at_once_get_two_connections_and_both_stay_warm() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        for _ in range(3):
            with connections.leased(account) as first, connections.leased(account) as second:
                assert first is not second
        connections.close_all()

    assert len(double.connections) == 2
    assert [each.commands[-1] for each in double.connections] == ["QUIT", "QUIT"]


def test_a_provider_of_one_connection_is_never_sent_two() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        account = replace(account, provider=replace(account.provider, connections=1))

        def send(number: int) -> None:
            with connections.leased(account) as session:
                session.send(MAIL)

        with ThreadPoolExecutor(4) as jobs:
            list(jobs.map(send, range(12)))
        connections.close_all()

    assert len(double.connections) == 1


def test_more_idle_connections_than_needed_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "IDLE_MOST", 1)
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account), connections.leased(account):
            pass
        kept = len(connections._own_pool().idle[account])
        connections.close_all()

    assert kept == 1
    assert len(double.connections) == 2


def test_threads_that_come_at_once_share_one_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_pools", {})
    barrier = threading.Barrier(8)

    def ask() -> int:
        barrier.wait()
        return id(connections._own_pool())

    with ThreadPoolExecutor(8) as threads:
        pools = {each.result() for each in [threads.submit(ask) for _ in range(8)]}

    assert len(pools) == 1


def test_a_connection_that_the_server_left_is_replaced() -> None:
    with SmtpDouble(on("dot", usual, close, overall=1)) as double:
        account = account_for(double)
        with connections.leased(account) as session:
            assert session.send(MAIL).sent
        until(lambda: not session.usable())
        with connections.leased(account) as another:
            assert another.send(MAIL).sent
        connections.close_all()

    assert len(double.connections) == 2


def test_an_exception_drops_the_connection() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        with pytest.raises(ZeroDivisionError), connections.leased(account):
            raise ZeroDivisionError
        with connections.leased(account):
            pass
        connections.close_all()

    assert len(double.connections) == 2


def test_other_settings_leave_the_old_connection() -> None:
    with SmtpDouble(login=("a", "b")) as double:
        account = account_for(double, username="a", password="b")
        with connections.leased(account):
            pass
        with pytest.raises(NotConnected), connections.leased(replace(account, password="c")):
            pass

    assert double.connections[0].commands[-1] == "QUIT"


def test_a_server_that_ends_connections_after_three_mails_is_left_after_three() -> None:
    spent = Outcome(Phase.MAIL, Verdict.SESSION_LIMIT, "session_spent", 421)
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account) as session:
            for _ in range(3):
                session.send(MAIL)
            connections.learn(account, session, spent)
        for _ in range(4):
            with connections.leased(account) as session:
                session.send(MAIL)
        connections.close_all()

    assert [sum(c.startswith("MAIL") for c in each.commands) for each in double.connections] == [3, 3, 1]


def test_what_was_idle_too_long_is_left() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        account = replace(account, provider=replace(account.provider, idle=0.0))
        with connections.leased(account):
            pass

        connections.close_unused()

        assert connections._own_pool().idle == {account: []}


def test_a_forked_child_does_not_speak_over_its_parents_connection() -> None:
    with SmtpDouble() as double:
        account = account_for(double)
        with connections.leased(account) as session:
            session.send(MAIL)

        child = os.fork()
        if child == 0:
            connections.close_all()
            os._exit(0)
        os.waitpid(child, 0)

        with connections.leased(account) as session:
            assert session.send(MAIL).sent
        connections.close_all()

    assert len(double.connections) == 1
