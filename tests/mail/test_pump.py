"""Mailings leave: in their order, once, obeying whatever is decided meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from edupulse import clock
from edupulse.control.models import JobRun, Worker
from edupulse.database import db
from edupulse.mail import deliver, mailings, shares, suppressions
from edupulse.mail.journal import Journal
from edupulse.mail.pump import MOST_MOVES, pump
from edupulse.mail.sweep import sweep
from edupulse.secret import Secret
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import accept, close, flush, on, reply, usual
from tests.mail.bulk import ids_of, mailing, make_due, standing
from tests.mail.line import copies, post, row, sender, through, tries

ChangeSettings = Callable[..., None]
AT_ONCE = {"bulk_email_batch_delay": 0.0}


def open_jobs(name: str) -> list[dict[str, Any]]:
    db.session.commit()
    return list(
        db.session.scalars(select(JobRun.arguments).where(JobRun.name == name, JobRun.state == "queued"))
    )


def test_a_mailing_leaves_in_the_order_of_its_recipients_with_their_fields(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(45)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        result = pump()

    assert result == {"sent": 45}
    assert [each.recipient for each in double.accepted] == [f"p{n}@example.org" for n in range(45)]
    assert "Subject: News for Ann 7" in str(double.accepted[7].data)
    assert len(double.connections) == 1
    assert standing(one) == {"sent": 45}


def test_the_end_of_a_mailing_is_told_once_nothing_of_it_is_open(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(2)

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        pump()

    assert mailings.mailing(one).over_at is not None
    assert open_jobs("campaigns.settle") == [{"mailing_id": one}]


def test_what_is_deferred_keeps_a_mailing_open_until_it_is_sent(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(2)
    greylisted = on("rcpt", reply("450 4.7.1 greylisted"), recipient="p0@example.org", times=1)

    with through(SmtpDouble(greylisted), change_settings, **AT_ONCE):
        pump()
        assert (standing(one), mailings.mailing(one).over_at) == ({"sent": 1, "deferred": 1}, None)
        make_due(one)
        pump()

    assert standing(one) == {"sent": 2}
    assert mailings.mailing(one).over_at is not None


@pytest.mark.parametrize("meanwhile", ["held", "cancelled"])
def test_a_mailing_that_is_stopped_stops_before_the_next_mail(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    one = mailing(10)
    dot, dots = Journal.dot, []

    def stop_at_the_third(lines: Journal, delivery_id: int) -> None:
        dots.append(delivery_id)
        dot(lines, delivery_id)
        if len(dots) == 3:
            _stop(one, meanwhile)

    monkeypatch.setattr(Journal, "dot", stop_at_the_third)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        pump()

    rest = {"queued": 7} if meanwhile == "held" else {"cancelled": 7}
    assert standing(one) == {"sent": 3, **rest}
    assert len(double.accepted) == 3


def _stop(one: int, how: str) -> None:
    if how == "held":
        mailings.hold(
            one, cause="person", reason="A mistake in it.", cure="Resume.", actor="ann@school.example"
        )
    else:
        mailings.cancel(one, reason="Cancelled by ann@school.example.")


def test_a_held_mailing_goes_on_where_it_stood(app: Flask, change_settings: ChangeSettings) -> None:
    one = mailing(4)
    _stop(one, "held")

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        assert pump() == {}
        assert mailings.release(one)
        pump()

    assert standing(one) == {"sent": 4}
    assert [copies(double, id) for id in ids_of(one)] == [1] * 4


def test_row_56_who_unsubscribes_after_the_launch_gets_no_mail_and_the_state_says_why(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    suppressions.suppress(
        "p1@example.org", reason="Unsubscribed.", source="unsubscribe:1", scope="newsletter"
    )

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {"sent": 2, "suppressed": 1}
    assert row(ids_of(one)[1]).reason == "Unsubscribed."


def test_a_newsletters_unsubscription_does_not_stop_what_people_must_be_told(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(1, purpose="transactional")
    suppressions.suppress(
        "p0@example.org", reason="Unsubscribed.", source="unsubscribe:1", scope="newsletter"
    )

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {"sent": 1}


def test_rows_29_and_30_under_never_twice_a_lost_answer_leaves_the_mail_unknown(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    dies = on("dot", accept, close, overall=2)

    with through(SmtpDouble(dies), change_settings, **AT_ONCE) as double:
        pump()

    assert standing(one) == {"sent": 2, "unknown": 1}
    assert [copies(double, id) for id in ids_of(one)] == [1, 1, 1]


def test_rows_29_and_30_under_never_miss_it_is_sent_again_with_the_same_message_id(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3, resend_unknown=True)
    dies = on("dot", accept, close, overall=2)

    with through(SmtpDouble(dies), change_settings, **AT_ONCE) as double:
        pump()
        assert standing(one) == {"sent": 2, "deferred": 1}
        make_due(one)
        pump()

    assert standing(one) == {"sent": 3}
    assert [copies(double, id) for id in ids_of(one)] == [1, 2, 1]
    assert len({each.message_id for each in double.accepted}) == 3


def test_a_mail_that_must_not_be_missed_is_not_sent_for_ever(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(1, resend_unknown=True)
    dies = on("dot", accept, close)

    with through(SmtpDouble(dies), change_settings, **AT_ONCE) as double:
        for _ in range(6):
            pump()
            make_due(one)

    assert standing(one) == {"unknown": 1}
    assert len(double.accepted) == 3


def test_row_8_a_refused_login_stops_at_the_first_mail(app: Flask, change_settings: ChangeSettings) -> None:
    one = mailing(50)
    wrong = on("auth", reply("535 5.7.8 wrong password"))

    login = {"smtp_username": "office", "smtp_password": Secret("old")}
    with through(SmtpDouble(wrong, login=("office", "new")), change_settings, **AT_ONCE, **login) as double:
        pump()
        pump()

    assert standing(one) == {"queued": 50}
    assert (sender().pause_cause, sender().resume_at) == ("password", None)
    assert len(double.connections) == 1


def test_row_21_a_mail_too_large_for_the_server_holds_the_mailing_at_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(9)

    with through(SmtpDouble(on("mail", reply("552 5.3.4 too big"))), change_settings, **AT_ONCE):
        pump()

    held = mailings.mailing(one)
    assert standing(one) == {"rejected": 1, "queued": 8}
    assert (held.hold_cause, held.held_by) == ("too_large", "system")
    assert "attachments" in (held.hold_cure or "")
    assert sender().paused_at is None


def test_row_28_a_text_that_is_refused_again_and_again_holds_its_mailing_alone(
    app: Flask, change_settings: ChangeSettings
) -> None:
    bad, good = mailing(9), mailing(3, purpose="transactional")
    spam = on("dot", reply("554 5.7.1 spam"), when=lambda c: b"Precedence: bulk" in c.data)

    with through(SmtpDouble(spam), change_settings, **AT_ONCE):
        pump()

    assert standing(bad) == {"rejected": 5, "queued": 4}
    assert mailings.mailing(bad).hold_cause == "content"
    assert standing(good) == {"sent": 3}


def test_what_was_refused_before_a_person_let_it_go_on_counts_no_more(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(9)
    spam = on("dot", reply("554 5.7.1 spam"), times=6)

    with through(SmtpDouble(spam), change_settings, **AT_ONCE):
        pump()
        mailings.release(one)
        pump()

    assert standing(one) == {"rejected": 6, "sent": 3}


def test_a_list_of_dead_addresses_holds_the_mailing(app: Flask, change_settings: ChangeSettings) -> None:
    one = mailing(40)
    nobody = on("rcpt", reply("550 5.1.1 no such user"))

    with through(SmtpDouble(nobody), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {"rejected": 10, "queued": 30}
    assert "addresses do not exist" in (mailings.mailing(one).hold_reason or "")


def test_two_mailings_take_turns(app: Flask, change_settings: ChangeSettings) -> None:
    mailing(300)
    short = mailing(2)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        pump()

    places = [n for n, each in enumerate(double.accepted) if f"<c{short}." in each.message_id]
    assert max(places) < 250


def test_reminders_and_mailings_use_the_same_connection(app: Flask, change_settings: ChangeSettings) -> None:
    mailing(2)
    ids = post(2)

    with through(SmtpDouble(), change_settings, **AT_ONCE) as double:
        pump()
        deliver.deliver(ids)

    assert len(double.connections) == 1


def test_a_sweep_hands_no_mail_of_a_mailing_over_one_by_one_but_starts_the_pumps(
    app: Flask, change_settings: ChangeSettings
) -> None:
    mailing(3)
    db.session.query(JobRun).delete()
    db.session.commit()

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        swept = sweep(clock.now())

    assert swept["handed_over"] == 0
    assert open_jobs("mail.pump") == [{"place": 0}]


def test_pumps_that_run_already_are_not_started_twice(app: Flask) -> None:
    mailing(3)
    mailing(3)

    mailings.start_pumps()

    assert open_jobs("mail.pump") == [{"place": 0}]


def test_a_second_pump_in_a_busy_process_moves_to_another_one_a_few_times_and_leaves_then(app: Flask) -> None:
    mailing(3)
    db.session.query(JobRun).delete()
    db.session.commit()

    with shares.taking_part() as busy:
        assert busy is not None
        assert pump(place=1) == {}
        assert open_jobs("mail.pump") == [{"place": 1, "moved": 1}]
        assert pump(place=1, moved=MOST_MOVES) == {}

    assert open_jobs("mail.pump") == [{"place": 1, "moved": 1}]


def test_pumps_that_wait_for_a_slow_server_share_a_process(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(2)

    with through(SmtpDouble(), change_settings, **AT_ONCE), shares.taking_part() as waiting:
        assert waiting is not None
        waiting.note(mails=10, seconds=1.0)
        assert waiting.has_just_proved_slow()
        assert not waiting.has_just_proved_slow()
        pump(place=1)

    assert standing(one) == {"sent": 2}


def test_there_is_one_pump_for_each_worker_process_and_more_where_they_wait(app: Flask) -> None:
    mailing(3)
    db.session.query(JobRun).delete()
    for name in ("here-a-1", "here-b-1"):
        moment = clock.now()
        about = {
            "kind": "worker",
            "host": "here",
            "pid": 1,
            "version": "1",
            "queues": ["email"],
            "threads": 4,
        }
        db.session.add(Worker(name=name, started_at=moment, heartbeat_at=moment, **about))
    db.session.commit()

    mailings.start_pumps()
    assert [each["place"] for each in open_jobs("mail.pump")] == [0, 1]

    mailings.start_pumps(wide=True)
    assert [each["place"] for each in open_jobs("mail.pump")] == [0, 1, 2]  # as many as connections


def test_a_mail_that_cannot_be_composed_stops_nobody_else(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    db.session.execute(_without_fields(ids_of(one)[1]))
    db.session.commit()

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {"sent": 2, "rejected": 1}
    assert "first_name" in (row(ids_of(one)[1]).reason or "")


def test_row_41_a_server_that_loses_what_is_sent_ahead_is_remembered(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(6)

    with through(
        SmtpDouble(on("dot", flush, usual)), change_settings, email_timeout=1.0, **AT_ONCE
    ) as double:
        pump()

    assert standing(one) == {"sent": 6}
    assert [copies(double, id) for id in ids_of(one)] == [1] * 6
    assert sender().unpipelined_at is not None
    assert all(tries(id)[-1] == "sent" for id in ids_of(one))


def _without_fields(id: int) -> Any:
    from sqlalchemy import update

    from edupulse.mail.models import Delivery

    return update(Delivery).where(Delivery.id == id).values(fields={})


def _cancelled_at_its_dot(monkeypatch: pytest.MonkeyPatch, one: int) -> None:
    dot = Journal.dot

    def and_cancel(lines: Journal, delivery_id: int) -> None:
        dot(lines, delivery_id)
        mailings.cancel(one, reason="Cancelled by ann@school.example.")

    monkeypatch.setattr(Journal, "dot", and_cancel)


@pytest.mark.parametrize(
    ("answer", "never_miss", "state"),
    [
        (reply("451 4.3.0 try again"), False, "cancelled"),
        (reply("554 5.7.1 spam"), False, "cancelled"),
        (close, False, "unknown"),
        (close, True, "unknown"),
        (accept, False, "sent"),
    ],
    ids=["refused_for_now", "refused", "no_answer", "no_answer_never_miss", "taken"],
)
def test_a_mail_that_was_taken_back_on_its_way_is_never_sent_again(
    app: Flask,
    change_settings: ChangeSettings,
    monkeypatch: pytest.MonkeyPatch,
    answer: Any,
    never_miss: bool,
    state: str,
) -> None:
    one = mailing(1, resend_unknown=never_miss)
    _cancelled_at_its_dot(monkeypatch, one)
    actions = (accept, reply("250 2.0.0 ok")) if answer is accept else (answer,)

    with through(SmtpDouble(on("dot", *actions)), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {state: 1}


def test_a_mailing_of_which_nothing_can_be_composed_is_held_after_a_few(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(30)
    for id in ids_of(one):
        db.session.execute(_without_fields(id))
    db.session.commit()

    with through(SmtpDouble(), change_settings, **AT_ONCE):
        pump()

    assert standing(one) == {"rejected": 5, "queued": 25}
    assert mailings.mailing(one).hold_cause == "compose"
