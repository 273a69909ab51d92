"""Faults 40 to 52 and 54 as a mailing lives through them: it completes, each mail once, and no slower than it must."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.database import db
from edupulse.mail import deliver, line, mailings, senders, turnstile
from edupulse.mail.models import Suppression
from edupulse.mail.pump import pump
from edupulse.mail.sweep import sweep
from tests.doubles.smtp_double import OFFERS, Conversation, SmtpDouble
from tests.doubles.smtp_script import accept, close, faster_than, on, reply
from tests.mail.bulk import ids_of, mailing, standing
from tests.mail.faults import (
    AT_ONCE,
    ChangeSettings,
    account_for_all,
    at_dot,
    go_on_at,
    go_on_until_over,
)
from tests.mail.line import copies, post, row, sender, through, tries
from tests.mail.turnstile_day import SimulatedClock


def by_hand(one: int) -> None:
    mailings.hold(one, cause="person", reason="A mistake.", cure="Resume.", actor="ann@school.example")


def test_row_40_a_server_without_pipelining_gets_the_same_mailing(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(5)
    unknown = on("rcpt", reply("550 5.1.1 unknown"), recipient="p2@example.org")

    with through(SmtpDouble(unknown, offers=OFFERS[1:]), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 5, double) == {"sent": 4, "rejected": 1}
    assert sender().unpipelined_at is None


def test_row_42_a_354_for_a_mail_without_recipient_delivers_it_to_nobody(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(4)
    nobody = on("rcpt", reply("550 5.1.1 unknown"), recipient="p1@example.org")
    all_the_same = on("data", reply("354 go ahead"), when=lambda c: not c.recipients)

    with through(SmtpDouble(nobody, all_the_same), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 4, double) == {"sent": 3, "rejected": 1}
    assert [each.address for each in db.session.query(Suppression)] == ["p1@example.org"]


def test_row_43_a_421_to_the_mail_behind_costs_neither_of_the_two(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(4)
    leaves = on("mail", reply("421 4.3.0 closing"), close, overall=2)

    with through(SmtpDouble(leaves), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 4, double) == {"sent": 4}
    assert [tries(id) for id in ids_of(one)][:2] == [["sent"], ["session_limit", "sent"]]
    assert {row(id).attempts_made for id in ids_of(one)} == {1}


@pytest.mark.parametrize("taken", [(accept, close), (close,)], ids=["taken", "not_taken"])
def test_row_44_of_two_mails_on_a_line_that_dies_one_is_unknown_and_a_hold_keeps_the_other(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, taken: Any
) -> None:
    one = mailing(5)
    at_dot(monkeypatch, 2, lambda: by_hand(one))  # while the third mail is on the line already

    with through(SmtpDouble(on("dot", *taken, overall=2)), change_settings, **AT_ONCE) as double:
        pump()
        assert account_for_all(one, 5, double) == {"sent": 1, "unknown": 1, "queued": 3}
        mailings.release(one)
        pump()

    assert account_for_all(one, 5, double) == {"sent": 4, "unknown": 1}
    assert row(ids_of(one)[1]).state == "unknown"


@pytest.mark.parametrize("how", ["held", "cancelled", "account_paused"])
def test_row_45_a_stop_while_the_next_mail_has_its_354_delivers_nothing_more(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    one = mailing(5)
    stops: dict[str, Callable[[], object]] = {
        "held": lambda: by_hand(one),
        "cancelled": lambda: mailings.cancel(one, reason="Cancelled."),
        "account_paused": lambda: senders.pause(cause="password", reason="no", cure="change it"),
    }
    # The server answers mail 3's envelope before mail 2's answer is read.
    at_dot(monkeypatch, 2, stops[how])

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        pump()

    rest = "cancelled" if how == "cancelled" else "queued"
    assert account_for_all(one, 5, double) == {"sent": 2, rest: 3}
    assert sum(command == "DATA" for command in double.connections[0].commands) == 3
    assert double.connections[0].commands[-1] != "QUIT"
    assert tries(ids_of(one)[2]) == []


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((reply("421 4.7.0 too many messages in this session"), close), id="421"),
        pytest.param((reply("450 MI:DMC 163 smtp3"),), id="mi_dmc"),
        pytest.param((close,), id="silent"),
    ],
)
def test_row_46_a_server_that_ends_a_connection_after_three_mails_costs_none(
    app: Flask, change_settings: ChangeSettings, actions: Any
) -> None:
    one = mailing(12)
    settings = {**AT_ONCE, "email_provider": "netease", "email_per_minute": 0, "email_daily_quota": 0}

    with through(SmtpDouble(on("mail", *actions, mail=4)), change_settings, **settings) as double:
        pump()
        go_on_until_over(one)

    assert account_for_all(one, 12, double) == {"sent": 12}
    assert {row(id).attempts_made for id in ids_of(one)} == {1}


def test_rows_13_and_48_a_rate_is_settled_under_with_few_refusals_and_nothing_lost(
    sqlite_app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(60)
    too_fast = on("mail", reply("454 4.4.5 sending rate exceeded, retry in 0.1 s"), when=faster_than(40))

    with through(SmtpDouble(too_fast), change_settings, **AT_ONCE) as double:
        pump()
        go_on_until_over(one)

    assert account_for_all(one, 60, double) == {"sent": 60}
    assert {row(id).attempts_made for id in ids_of(one)} == {1}
    assert too_fast.used <= 6


@pytest.mark.parametrize(
    ("provider", "answer"),
    [
        pytest.param("ses", "454 4.7.0 Daily message quota exceeded", id="ses"),
        pytest.param("emailit", "452 4.5.3 daily limit", id="emailit"),
    ],
)
def test_rows_13_and_49_a_quota_reached_on_the_way_holds_the_rest_until_tomorrow_and_goes_on_unattended(
    app: Flask, change_settings: ChangeSettings, provider: str, answer: str
) -> None:
    one, reminders = mailing(6), post(2, expires_at=None)
    used_up = on("mail", reply(answer), when=lambda c: len(c.server.accepted) >= 3)
    settings = {**AT_ONCE, "email_provider": provider, "email_per_second": 0, "email_daily_quota": 0}

    with through(SmtpDouble(used_up), change_settings, **settings) as double:
        pump()
        deliver.deliver(reminders)
        calls, until = used_up.used, sender().resume_at
        pump()

        assert (calls, used_up.used) == (1, 1)  # nobody knocks again meanwhile
        assert account_for_all(one, 6, double)["sent"] == 3
        assert set(standing(one)) == {"sent", "queued", "deferred"}
        assert until is not None
        assert until - clock.now() > timedelta(minutes=55)
        assert (sender().pause_cause, sender().pause_reason is not None) == ("daily_quota", True)

        used_up.times = 0
        go_on_until_over(one, step=timedelta(hours=2))
        with clock.frozen(clock.now() + timedelta(hours=3)):
            deliver.deliver(reminders)

    assert account_for_all(one, 6, double) == {"sent": 6}
    assert [copies(double, id) for id in reminders] == [1, 1]


def test_row_50_a_mailing_in_a_tarpit_holds_up_no_reminder_and_loses_nothing(
    app: Flask, change_settings: ChangeSettings, real_redis: Redis
) -> None:
    one, reminders = mailing(3), post(3)
    in_it, out_of_it = threading.Event(), threading.Event()

    async def tarpit(c: Conversation) -> None:
        in_it.set()
        await asyncio.get_running_loop().run_in_executor(None, out_of_it.wait, 20)
        await c.usual()

    slow = on("rcpt", tarpit, overall=1)
    problems: list[BaseException] = []

    def work() -> None:
        with app.app_context():
            try:
                pump()
            except BaseException as problem:  # noqa: BLE001 - shown by the assertion below
                problems.append(problem)
            db.session.remove()

    with through(SmtpDouble(slow), change_settings, email_timeout=20.0, **AT_ONCE) as double:
        held = threading.Thread(target=work)
        held.start()
        assert in_it.wait(10)
        deliver.deliver(reminders)
        meanwhile, still_held = [copies(double, id) for id in reminders], held.is_alive()
        out_of_it.set()
        held.join()

    assert problems == []
    assert (meanwhile, still_held) == ([1, 1, 1], True)
    assert account_for_all(one, 3, double) == {"sent": 3}


def test_row_51_a_flapping_server_gets_a_whole_mailing_once_with_few_tries(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(30)
    flapping = on("greeting", close, when=lambda c: c.number % 2 == 1)
    leaves = on("mail", close, when=lambda c: c.mails == 4)

    with through(SmtpDouble(flapping, leaves), change_settings, **AT_ONCE) as double:
        pump()
        go_on_until_over(one)

    assert account_for_all(one, 30, double) == {"sent": 30}
    assert {row(id).attempts_made for id in ids_of(one)} == {1}
    assert max(row(id).tries for id in ids_of(one)) <= line.TRIES_IN_HAND
    assert len(double.connections) <= 30


@pytest.mark.parametrize("taken", [True, False], ids=["taken", "not_taken"])
def test_row_52_a_server_that_restarts_amid_a_mailing_and_forgets_all_gets_the_rest_once(
    app: Flask, change_settings: ChangeSettings, taken: bool
) -> None:
    one = mailing(12)
    dies = on("dot", *([accept, close] if taken else [close]), overall=5)
    gone = on("greeting", close, when=lambda c: c.number > 1)
    with through(SmtpDouble(dies, gone), change_settings, **AT_ONCE) as first:
        pump()
        port = first.port
    assert account_for_all(one, 12, first) == {"sent": 4, "unknown": 1, "queued": 7}
    # It knows nothing of what it took: what it is told again it would take again.
    pump()
    still_away = standing(one)

    with through(SmtpDouble(port=port), change_settings, **AT_ONCE) as second:
        go_on_until_over(one)

    assert still_away == {"sent": 4, "unknown": 1, "queued": 7}
    assert account_for_all(one, 12, first, second) == {"sent": 11, "unknown": 1}
    assert (len(first.accepted), len(second.accepted)) == (4 + taken, 7)


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "back"])
def test_row_54_a_clock_that_jumps_amid_a_mailing_makes_no_burst_and_no_standstill(
    app: Flask,
    change_settings: ChangeSettings,
    real_redis: Redis,
    monkeypatch: pytest.MonkeyPatch,
    jump: timedelta,
) -> None:
    one, time = mailing(60), SimulatedClock()
    monkeypatch.setattr(turnstile, "_machine", lambda: time)
    limits = {**AT_ONCE, "email_provider": "microsoft365", "email_daily_quota": 0}

    with through(SmtpDouble(), change_settings, **limits) as double:
        pump()
        before = len(double.accepted)
        time.step = jump.total_seconds()
        go_on_at(clock.now() + jump, one)
        after = len(double.accepted)
        time.passed += 60.1
        go_on_at(clock.now() + jump, one)

    assert (before, after) == (30, 30)
    assert account_for_all(one, 60, double) == {"sent": 60}


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)], ids=["ahead", "back"])
def test_row_54_what_waits_to_leave_does_not_wait_for_a_clock_that_was_set_back(
    app: Flask, change_settings: ChangeSettings, jump: timedelta
) -> None:
    one, reminders = mailing(5), post(2, expires_at=None)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double, clock.frozen(clock.now() + jump):
        swept = sweep(clock.now())
        pump()
        deliver.deliver(reminders)

    assert swept["handed_over"] == 0  # the reminders are in a job's hands since they were accepted
    assert account_for_all(one, 5, double) == {"sent": 5}
    assert [copies(double, id) for id in reminders] == [1, 1]
