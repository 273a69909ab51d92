"""Faults 40, 42, 46, 47 and 50: one session used for many mails, as far as one session alone can decide."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.providers import GENERIC, NETEASE
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import OFFERS, SmtpDouble
from tests.doubles.smtp_script import close, on, reply, stall, usual, wait
from tests.mail.smtp_client import account_for, mail, message_id, said_to, send_as_a_row, send_one, until

pytestmark = pytest.mark.timeout(10)


@pytest.fixture(params=["alone", "in_a_row"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in_a_row":
        send_as_a_row(monkeypatch)


SLOW = {"timeout": 1.0}  # long enough for two other mails


def test_many_mails_go_over_one_connection() -> None:
    with SmtpDouble() as double, connect(account_for(double)) as session:
        outcomes = [session.send(mail(number)) for number in range(50)]

        assert session.usable()
    assert all(each.sent for each in outcomes)
    assert session.mails == 50
    assert len(double.connections) == 1
    assert [each.message_id for each in double.accepted] == [message_id(number) for number in range(50)]


@pytest.mark.parametrize(
    "offers",
    [pytest.param(OFFERS[1:], id="row_40_absent"), pytest.param(OFFERS, id="row_40_offered")],
)
def test_pipelining_offered_or_not_makes_no_difference(offers: tuple[str, ...]) -> None:
    with SmtpDouble(offers=offers) as double:
        outcome = send_one(double)

    assert outcome.sent
    assert said_to(double) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_row_42_after_a_refused_recipient_no_data_is_begun() -> None:
    with SmtpDouble(on("rcpt", reply("550 5.1.1 unknown")), offers=OFFERS[1:]) as double:
        send_one(double)

    assert said_to(double) == ["EHLO", "MAIL", "RCPT", "RSET", "QUIT"]
    assert double.accepted == []


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((reply("421 4.7.0 too many messages in this session"), close), id="row_46_421"),
        pytest.param((reply("450 MI:DMC 163 smtp3"),), id="row_46_mi_dmc"),
        pytest.param((close,), id="row_46_silent"),
    ],
)
def test_a_server_that_ends_a_session_after_k_mails_costs_no_mail(actions: Any) -> None:
    carried: list[int] = []
    with SmtpDouble(on("mail", *actions, mail=4)) as double:
        account = account_for(double, provider=NETEASE)
        session = connect(account)
        for number in range(1, 11):
            outcome = session.send(mail(number))
            if not outcome.sent:
                assert (outcome.verdict, outcome.charged) == (Verdict.SESSION_LIMIT, False)
                assert not session.usable()
                carried.append(session.mails)
                session = connect(account)
                assert session.send(mail(number)).sent
        session.close()

    assert carried == [3, 3, 3]
    assert [double.copies(message_id(number), "ann@example.org") for number in range(1, 11)] == [1] * 10


def test_row_47_an_idle_close_is_seen_before_the_first_byte() -> None:
    with SmtpDouble(on("dot", usual, close)) as double:
        session = connect(account_for(double))
        first = session.send(mail(1))
        noticed = until(lambda: not session.usable())
        second = session.send(mail(2))

    assert first.sent
    assert noticed
    assert (second.verdict, second.cause, second.charged) == (Verdict.SESSION_LIMIT, "session_stale", False)
    assert said_to(double).count("MAIL") == 1


def test_row_47_a_half_open_line_is_given_up_by_its_deadline_before_the_dot() -> None:
    with SmtpDouble(on("dot", usual, stall, mail=1)) as double:
        session = connect(account_for(double, timeout=0.3))
        first, second = session.send(mail(1)), session.send(mail(2))

    assert first.sent
    assert (second.phase, second.verdict, second.charged) == (Phase.MAIL, Verdict.SESSION_LIMIT, False)
    assert second.surely_not_sent


def test_the_first_mail_over_a_dead_line_finds_the_server_unreachable() -> None:
    with SmtpDouble(on("mail", stall)) as double:
        outcome = send_one(double, timeout=0.3)

    assert (outcome.verdict, outcome.cause, outcome.charged) == (Verdict.UNREACHABLE, "timeout", False)


def test_row_50_a_tarpit_is_left_when_the_whole_mail_takes_too_long() -> None:
    # Each answer comes within the limit of its phase, all of them together do not.
    slowly = [on(step, wait(0.3), usual) for step in ("mail", "rcpt", "data")]
    with SmtpDouble(*slowly) as double:
        session = connect(account_for(double, total_timeout=0.5))
        outcome = session.send(mail())

    assert (outcome.phase, outcome.cause) == (Phase.RCPT, "timeout")
    assert outcome.surely_not_sent
    assert not session.usable()


def test_row_50_a_tarpit_does_not_hold_up_another_session() -> None:
    with SmtpDouble(on("rcpt", stall, recipient="slow@example.org")) as double:
        slow = threading.Thread(target=send_one, args=(double, mail(1, to="slow@example.org")), kwargs=SLOW)
        slow.start()
        others = [send_one(double, mail(number)) for number in (2, 3)]
        still_held = slow.is_alive()
        slow.join()

    assert [each.sent for each in others] == [True, True]
    assert still_held


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"mails_per_session": 2}, id="mails"),
        pytest.param({"session_age": 0.0}, id="age"),
        pytest.param({"idle": 0.0}, id="idle"),
    ],
)
def test_a_session_past_a_limit_of_its_provider_is_not_used_again(limit: dict[str, Any]) -> None:
    with SmtpDouble() as double, connect(account_for(double, provider=replace(GENERIC, **limit))) as session:
        sent = [session.send(mail(number)).sent for number in (1, 2)]

        assert sent == [True, True]
        assert not session.usable()


def test_a_refused_reset_drops_the_session() -> None:
    rules = on("rcpt", reply("550 5.1.1 unknown")), on("rset", reply("500 what?"))
    with SmtpDouble(*rules) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert outcome.verdict is Verdict.RECIPIENT_PERMANENT
    assert not session.usable()


def test_a_session_that_was_dropped_sends_nothing_more() -> None:
    with SmtpDouble() as double:
        session = connect(account_for(double))
        session.drop()
        outcome = session.send(mail())

    assert outcome.surely_not_sent
    assert not outcome.charged
    assert double.accepted == []


def test_closing_says_goodbye_and_may_be_done_twice() -> None:
    with SmtpDouble() as double:
        session = connect(account_for(double))
        session.close()
        session.close()

    assert said_to(double) == ["EHLO", "QUIT"]


def test_row_47_an_idle_close_is_seen_over_an_encrypted_line_too() -> None:
    leaving = SmtpDouble(on("dot", usual, close, mail=2), security="starttls")
    with leaving as double, connect(account_for(double)) as session:
        sent = [session.send(mail(number)).sent for number in (1, 2)]
        noticed = until(lambda: not session.usable())

    assert sent == [True, True]
    assert noticed


def test_what_the_server_offers_can_be_asked() -> None:
    with SmtpDouble(offers=("SIZE 1000", "SMTPUTF8")) as double, connect(account_for(double)) as session:
        asked = (session.max_size, session.offers_smtputf8, session.offers_8bit)

    assert asked == (1000, True, False)
