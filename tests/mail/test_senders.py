"""The account: why it may not send, what to do about it, and how it goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from edupulse import clock
from edupulse.config import Secret
from edupulse.control.models import JobRun
from edupulse.database import db
from edupulse.errors import Unavailable
from edupulse.mail import deliver, limits, senders
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.sweep import sweep
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, on, reply
from tests.mail.line import copies, post, row, sender, states, through, tries

ChangeSettings = Callable[..., None]
BEFORE_THIS_PROCESS = datetime(2020, 1, 1, tzinfo=UTC)
LOGIN = {"smtp_username": "office@school.example", "smtp_password": Secret("wrong")}


def test_without_a_server_nothing_is_claimed_and_the_cure_is_said(app: Flask) -> None:
    ids = post(2)

    result = deliver.deliver(ids)

    assert result == {"waiting": 2}
    assert states() == {"queued": 2}
    assert sender().pause_cause == senders.UNCONFIGURED
    assert "SMTP_SERVER" in (sender().pause_cure or "")
    assert "mail test" in (sender().pause_cure or "")


def test_a_server_that_is_set_later_ends_that_pause_by_itself(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(2)
    deliver.deliver(ids)

    with through(SmtpDouble(), change_settings):
        result = deliver.deliver(ids)

    assert result == {"sent": 2}
    assert sender().paused_at is None


def test_row_8_a_refused_login_pauses_at_the_first_mail_and_is_not_tried_again(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(5)

    with through(SmtpDouble(login=("office@school.example", "right")), change_settings, **LOGIN) as double:
        deliver.deliver(ids)
        deliver.deliver(ids)
        sweep(clock.now())

    assert len(double.connections) == 1
    assert states() == {"queued": 5}
    assert [row(id).tries for id in ids] == [0] * 5
    assert sender().pause_cause == "password"
    assert "refused the user name or the password" in (sender().pause_reason or "")
    assert "SMTP_PASSWORD" in (sender().pause_cure or "")
    assert "wrong" not in f"{sender().pause_reason} {sender().pause_cure}"


def test_a_new_password_and_a_restart_end_the_pause_without_a_click(
    app: Flask, change_settings: ChangeSettings
) -> None:
    with through(SmtpDouble(login=("office@school.example", "right")), change_settings, **LOGIN):
        with clock.frozen(BEFORE_THIS_PROCESS):
            ids = post(2, expires_at=None)
            deliver.deliver(ids)
        assert sender().pause_cause == "password"
        change_settings(smtp_password=Secret("right"))
        result = deliver.deliver(ids)

    assert result == {"sent": 2}


def test_a_process_that_is_older_than_the_pause_does_not_knock_with_its_old_settings(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(2)

    with through(SmtpDouble(login=("office@school.example", "right")), change_settings, **LOGIN) as double:
        deliver.deliver(ids)
        change_settings(smtp_password=Secret("older and wrong too"))
        deliver.deliver(ids)

    assert len(double.connections) == 1


def test_row_6_a_server_without_starttls_pauses_and_nothing_goes_in_clear(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(1)

    with through(SmtpDouble(), change_settings, smtp_security="starttls") as double:
        deliver.deliver(ids)

    assert (states(), sender().pause_cause) == ({"queued": 1}, "tls_missing")
    assert sender().resume_at is None
    assert not any(command.startswith("MAIL") for command in double.connections[0].commands)


def test_row_9_a_login_that_is_busy_waits_and_is_not_a_pause_for_a_person(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(1)
    busy = on("auth", reply("454 4.7.0 temporary authentication failure"))
    double = SmtpDouble(busy, login=("office@school.example", "right"))

    with through(double, change_settings, **LOGIN):
        deliver.deliver(ids)

    assert states() == {"queued": 1}
    assert sender().resume_at is not None


def test_row_3_a_greeting_of_421_waits_and_one_of_554_asks_a_person(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(1)

    with through(SmtpDouble(on("greeting", reply("421 4.3.2 busy"), close)), change_settings):
        deliver.deliver(ids)
        assert sender().resume_at is not None
        senders.resume()
    with through(SmtpDouble(on("greeting", reply("554 5.7.1 not you"), close)), change_settings):
        deliver.deliver(ids)

    assert (sender().pause_cause, sender().resume_at) == ("greeting_refused", None)
    assert states() == {"queued": 1}


def test_row_1_an_unreachable_server_charges_nobody_and_each_wait_is_longer(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)
    with through(SmtpDouble(), change_settings):
        pass  # from here on nobody listens on this port
    waits: list[timedelta] = []

    for _ in range(6):
        at = sender().resume_at if waits else clock.now()
        assert at is not None
        with clock.frozen(at):
            deliver.deliver(ids)
            waits.append((sender().resume_at or at) - at)

    assert states() == {"queued": 3}
    assert [(row(id).attempts_made, tries(id)) for id in ids] == [(0, [])] * 3
    assert timedelta(seconds=5) <= waits[0] <= timedelta(seconds=10)
    assert timedelta(seconds=5) <= max(waits) <= timedelta(minutes=5)
    assert sender().failures == 6
    assert "Nothing answers" in (sender().pause_reason or "")


def test_a_server_that_is_back_gets_the_mail_when_the_hold_ends(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(2)
    with through(SmtpDouble(), change_settings) as gone:
        port = gone.port
    deliver.deliver(ids)
    until = sender().resume_at
    assert until is not None
    db.session.execute(db.update(JobRun).values(state="finished"))
    db.session.commit()

    with through(SmtpDouble(port=port), change_settings) as double, clock.frozen(until):
        swept = sweep(until)
        deliver.deliver(ids)

    assert swept["handed_over"] == 2
    assert [copies(double, id) for id in ids] == [1, 1]
    assert (sender().paused_at, sender().failures) == (None, 0)


def test_row_11_too_many_connections_defer_this_batch_and_leave_the_other_workers_alone(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)
    crowded = on("mail", reply("432 4.3.2 too many concurrent connections"), close)

    with through(SmtpDouble(crowded), change_settings, email_provider="microsoft365"):
        deliver.deliver(ids)

    assert states() == {"deferred": 3}
    assert [row(id).attempts_made for id in ids] == [0, 0, 0]
    assert sender().paused_at is None
    assert row(ids[0]).next_attempt_at - clock.now() < timedelta(seconds=12)


@pytest.mark.parametrize("answer", ["550 5.1.8 sender refused", "553 5.7.1 not your address"])
def test_row_12_a_refused_sender_address_pauses_and_marks_no_recipient(
    app: Flask, change_settings: ChangeSettings, answer: str
) -> None:
    ids = post(3)

    with through(SmtpDouble(on("mail", reply(answer))), change_settings) as double:
        deliver.deliver(ids)

    assert states() == {"queued": 3}
    assert (row(ids[0]).attempts_made, tries(ids[0]), tries(ids[1])) == (0, ["sender"], [])
    assert (sender().paused_at is not None, sender().resume_at) == (True, None)
    assert len(double.connections) == 1


def test_row_13_a_rate_per_second_is_waited_out_and_a_daily_one_holds_all(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)
    a_second = on("mail", reply("452 4.4.5 rate exceeded, try again in 0 seconds"), overall=1)
    a_day = on("mail", reply("452 4.5.3 daily quota"), overall=4)  # the second mail was named ahead once

    with through(SmtpDouble(a_second, a_day), change_settings, email_provider="emailit", email_per_second=0):
        deliver.deliver(ids)

    assert tries(ids[0]) == ["pace", "sent"]
    assert states() == {"sent": 2, "deferred": 1}
    assert sender().pause_cause == "daily_quota"


def test_a_hold_never_overwrites_a_pause_that_waits_for_a_person(
    app: Flask, change_settings: ChangeSettings
) -> None:
    with through(SmtpDouble(), change_settings):
        senders.pause(cause="password", reason="refused", cure="change it")
        away = Outcome(Phase.CONNECT, Verdict.UNREACHABLE, "refused")
        senders.hold_after(away, senders.account())

    assert (sender().pause_cause, sender().resume_at) == ("password", None)


def test_the_account_is_made_from_the_settings_and_its_provider_recognised(
    app: Flask, change_settings: ChangeSettings
) -> None:
    change_settings(
        smtp_server="smtp.qq.com", smtp_port=465, smtp_security="tls", email_provider="auto", **LOGIN
    )

    account = senders.account()

    assert (account.host, account.port, account.security, account.provider.name) == (
        "smtp.qq.com",
        465,
        "tls",
        "qq",
    )
    assert (account.username, account.password) == ("office@school.example", "wrong")


def test_no_account_without_a_server(app: Flask) -> None:
    with pytest.raises(Unavailable, match="No mail server is set"):
        senders.account()


def test_a_pace_grows_when_told_and_eases_with_success() -> None:
    pace = limits.Pace()

    still_short = [pace.slow_down() for _ in range(8)]
    for _ in range(400):
        pace.ease()

    assert still_short == [True] * 7 + [False]
    assert pace.gap == 0.0


def test_microsofts_thirty_a_minute_are_kept_and_all_others_wait_for_their_turn(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(60)

    with through(SmtpDouble(), change_settings, email_provider="microsoft365") as double:
        deliver.deliver(ids)
        deliver.deliver(ids)
        sweep(clock.now())

    assert len(double.accepted) == 30
    assert states() == {"sent": 30, "deferred": 30}
    assert "may send 30 mails a minute" in (row(ids[-1]).reason or "")
    assert row(ids[-1]).next_attempt_at > clock.now()


def test_a_sender_address_that_is_none_waits_with_its_cure_and_loses_nothing(
    app: Flask, change_settings: ChangeSettings
) -> None:
    with through(SmtpDouble(), change_settings, default_from_email="office@school"):
        ids = post(2)
        result = deliver.deliver(ids)
        assert (result, states()) == ({"waiting": 2}, {"queued": 2})
        assert "DEFAULT_FROM_EMAIL" in (sender().pause_cure or "")
        change_settings(default_from_email="office@school.example")
        result = deliver.deliver(ids)

    assert result == {"sent": 2}


def test_row_54_a_clock_that_is_set_back_freezes_nothing(app: Flask, change_settings: ChangeSettings) -> None:
    hour_ahead = clock.now() + timedelta(hours=1)

    with through(SmtpDouble(), change_settings, email_provider="microsoft365"):
        with clock.frozen(hour_ahead):
            deliver.deliver(post(10, expires_at=None))
            senders.hold_after(Outcome(Phase.CONNECT, Verdict.UNREACHABLE, "refused"), senders.account())
        result = deliver.deliver(post(5, occurrence="now"))

    assert result == {"sent": 5}
    assert sender().paused_at is None
