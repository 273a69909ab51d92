"""Mails leave here: what the server got, what the ledger says of it, and that nobody gets a mail twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, has_app_context

from edupulse import clock
from edupulse.database import db
from edupulse.mail import claims, connections, deliver, line, outbox, suppressions
from edupulse.mail.look import Look
from edupulse.mail.models import Delivery, DeliveryContent, Suppression
from edupulse.mail.sweep import sweep
from edupulse.mail.wire import Wire
from tests.doubles.smtp_double import OFFERS, SmtpDouble
from tests.doubles.smtp_script import accept, close, faster_than, on, reply, stall, usual, usual_saying, wait
from tests.mail.line import copies, post, post_to, row, sender, states, through, tries
from tests.mail.smtp_client import until

ChangeSettings = Callable[..., None]


def test_every_mail_is_sent_over_one_connection(app: Flask, change_settings: ChangeSettings) -> None:
    ids = post(3)

    with through(SmtpDouble(), change_settings) as double:
        result = deliver.deliver(ids)

    assert result == {"sent": 3}
    assert [copies(double, id) for id in ids] == [1, 1, 1]
    assert len(double.connections) == 1
    assert tries(ids[0]) == ["sent"]
    assert row(ids[0]).sent_at is not None


def test_the_connection_stays_warm_from_job_to_job(app: Flask, change_settings: ChangeSettings) -> None:
    first, second = post(2)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([first])
        deliver.deliver([second])

    assert len(double.connections) == 1


def test_row_55_the_same_batch_delivered_twice_sends_each_mail_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(3)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver(ids)
        again = deliver.deliver(ids)

    assert again == {}
    assert [copies(double, id) for id in ids] == [1, 1, 1]


def test_no_transaction_is_open_while_the_network_is_used(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_at_send: list[bool] = []
    receive = Wire.reply

    def spying(self: Wire) -> Any:
        if has_app_context():  # QUIT is said when the test is over
            open_at_send.append(db.session().in_transaction())
        return receive(self)

    monkeypatch.setattr(Wire, "reply", spying)
    ids = post(2)

    with through(SmtpDouble(), change_settings):
        deliver.deliver(ids)

    assert set(open_at_send) == {False}


def test_row_14_an_unknown_mailbox_is_rejected_and_suppressed_and_the_next_mail_goes_on(
    app: Flask, change_settings: ChangeSettings
) -> None:
    gone, fine = post(2)
    no_such_user = on("rcpt", reply("550 5.1.1 no such user"), recipient="p0@example.org")

    with through(SmtpDouble(no_such_user), change_settings) as double:
        deliver.deliver([gone, fine])

    assert states() == {"rejected": 1, "sent": 1}
    assert "550 5.1.1 no such user" in (row(gone).reason or "")
    assert [each.address for each in db.session.query(Suppression)] == ["p0@example.org"]
    assert len(double.connections) == 1


def test_row_17_a_frequency_limit_said_with_550_never_suppresses(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")
    limited = on("rcpt", reply("550 Domain frequency limited"))

    with through(SmtpDouble(limited), change_settings, email_provider="qq"):
        deliver.deliver([id])

    assert states() == {"deferred": 1}
    assert db.session.query(Suppression).count() == 0
    assert sender().resume_at is not None


def test_a_refusal_that_does_not_name_the_mailbox_never_suppresses(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(on("rcpt", reply("550 go away"))), change_settings):
        deliver.deliver([id])

    assert row(id).state == "rejected"
    assert db.session.query(Suppression).count() == 0


@pytest.mark.parametrize("answer", ["450 4.2.0 greylisted, try again later", "452 4.2.2 mailbox full"])
def test_rows_15_and_16_a_temporary_refusal_waits_and_is_sent_once_in_the_end(
    app: Flask, change_settings: ChangeSettings, answer: str
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(on("rcpt", reply(answer), times=1)), change_settings) as double:
        deliver.deliver([id])
        waiting = row(id)
        assert (waiting.state, waiting.attempts_made, waiting.claim) == ("deferred", 1, None)
        assert waiting.next_attempt_at >= clock.now() + timedelta(seconds=50)
        _run_sweep_at_its_time(id)
        deliver.deliver([id])

    assert row(id).state == "sent"
    assert copies(double, id) == 1
    assert tries(id) == ["recipient_temporary", "sent"]


def test_the_wait_that_a_server_asks_for_is_kept(app: Flask, change_settings: ChangeSettings) -> None:
    id = post_to("ann@example.org")
    later = on("rcpt", reply("450 4.7.1 please try again in 600 seconds"))

    with through(SmtpDouble(later), change_settings):
        before = clock.now()
        deliver.deliver([id])

    assert timedelta(seconds=600) <= row(id).next_attempt_at - before <= timedelta(seconds=662)


@pytest.mark.parametrize("answer", ["251 will forward", "252 cannot verify"])
def test_row_18_a_forwarded_recipient_is_accepted(
    app: Flask, change_settings: ChangeSettings, answer: str
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(on("rcpt", usual_saying(answer))), change_settings):
        deliver.deliver([id])

    assert row(id).state == "sent"


def test_row_19_out_of_step_goes_over_a_new_connection_and_is_not_charged(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(2)
    nested = on("mail", reply("503 5.5.1 nested MAIL command"), mail=2, connection=1)

    with through(SmtpDouble(nested), change_settings) as double:
        deliver.deliver(ids)

    assert states() == {"sent": 2}
    assert len(double.connections) == 2
    assert (row(ids[1]).attempts_made, row(ids[1]).tries) == (1, 2)


@pytest.mark.parametrize("at", ["mail", "rcpt", "data"])
def test_row_20_a_server_that_closes_before_the_dot_gets_the_mail_over_a_new_connection(
    app: Flask, change_settings: ChangeSettings, at: str
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(on(at, reply("421 4.3.2 closing"), close, times=1)), change_settings) as double:
        deliver.deliver([id])

    assert (row(id).state, row(id).attempts_made, row(id).tries) == ("sent", 1, 2)
    assert copies(double, id) == 1


def test_row_21_mails_that_are_all_too_large_stop_after_a_few(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(8)
    too_large = on("mail", reply("552 5.3.4 message too big"))

    with through(SmtpDouble(too_large), change_settings):
        deliver.deliver(ids)

    assert states() == {"rejected": 5, "queued": 3}
    assert sender().pause_cause == "content"


def test_row_22_a_mailbox_outside_ascii_without_smtputf8_is_refused_here(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("zoë@example.org")

    with through(SmtpDouble(offers=("8BITMIME",)), change_settings) as double:
        deliver.deliver([id])

    assert row(id).state == "rejected"
    assert "SMTPUTF8" in (row(id).reason or "")
    assert double.accepted == []


def test_a_mailbox_outside_ascii_goes_out_where_the_server_knows_it(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("张伟@bücher.example")

    with through(SmtpDouble(offers=OFFERS), change_settings) as double:
        deliver.deliver([id])

    assert row(id).state == "sent"
    assert double.accepted[0].recipient == "张伟@xn--bcher-kva.example"


def test_row_23_a_server_without_8bitmime_gets_7_bit_mail(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(offers=()), change_settings) as double:
        deliver.deliver([id])

    assert double.accepted[0].data.isascii()


@pytest.mark.parametrize("answer", ["451 4.3.0 try again", "452 4.3.1 no space", "454 4.7.0 not now"])
def test_row_27_a_temporary_refusal_after_the_dot_is_surely_not_sent(
    app: Flask, change_settings: ChangeSettings, answer: str
) -> None:
    id = post_to("ann@example.org")

    with through(SmtpDouble(on("dot", reply(answer))), change_settings):
        deliver.deliver([id])

    assert (row(id).state, row(id).dot_at, row(id).claim) == ("deferred", None, None)


def test_row_27_a_server_that_closes_instead_of_taking_the_mail_gets_it_over_a_new_connection(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")
    closing = on("dot", reply("421 4.3.2 shutting down, not taken"), close, times=1)

    with through(SmtpDouble(closing), change_settings) as double:
        deliver.deliver([id])

    assert (row(id).state, tries(id)) == ("sent", ["session_limit", "sent"])
    assert copies(double, id) == 1


def test_row_28_content_refused_again_and_again_pauses_with_a_cure(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(7)

    with through(SmtpDouble(on("dot", reply("554 5.7.1 spam"))), change_settings):
        deliver.deliver(ids)

    assert states() == {"rejected": 5, "queued": 2}
    assert "5 mails in a row" in (sender().pause_reason or "")
    assert sender().pause_cure
    assert db.session.query(Suppression).count() == 0


def test_one_refusal_among_good_mails_pauses_nothing(app: Flask, change_settings: ChangeSettings) -> None:
    ids = post(8)
    spam = on("dot", reply("554 5.7.1 spam"), when=lambda c: c.overall % 2 == 0)

    with through(SmtpDouble(spam), change_settings):
        deliver.deliver(ids)

    assert states() == {"rejected": 4, "sent": 4}
    assert sender().paused_at is None


@pytest.mark.parametrize("taken", [(accept, close), (close,)], ids=["row_29_accepted", "row_30_not_accepted"])
def test_rows_29_and_30_no_answer_after_the_dot_is_unknown_and_never_sent_again_by_itself(
    app: Flask, change_settings: ChangeSettings, taken: Any
) -> None:
    ids = post(2)

    with through(SmtpDouble(on("dot", *taken, overall=1)), change_settings) as double:
        deliver.deliver(ids)
        deliver.deliver(ids)

    assert (row(ids[0]).state, row(ids[1]).state) == ("unknown", "sent")
    assert copies(double, ids[0]) == (1 if accept in taken else 0)
    assert "may have arrived" in (row(ids[0]).reason or "")


def test_row_31_an_answer_after_the_ordinary_timeout_but_within_the_one_for_the_dot_is_sent(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")
    slow = on("dot", accept, wait(0.6), reply("250 2.0.0 at last"))

    with through(SmtpDouble(slow), change_settings, email_timeout=0.3, email_accept_timeout=5.0) as double:
        deliver.deliver([id])

    assert row(id).state == "sent"
    assert copies(double, id) == 1


def test_row_32_an_answer_after_the_deadline_is_unknown_and_not_read_as_the_next_mails(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(2)
    too_slow = on("dot", accept, wait(0.4), reply("554 5.0.0 late"), overall=1)

    with through(SmtpDouble(too_slow), change_settings, email_accept_timeout=0.1) as double:
        deliver.deliver(ids)

    assert (row(ids[0]).state, row(ids[1]).state) == ("unknown", "sent")
    assert len(double.connections) == 2


def test_row_46_a_server_that_ends_each_connection_after_two_mails_costs_no_mail(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(7)
    only_two = on("mail", reply("421 4.7.0 too many messages in this session"), close, mail=3)

    with through(SmtpDouble(only_two), change_settings):
        deliver.deliver(ids)

    assert states() == {"sent": 7}
    assert [row(id).attempts_made for id in ids] == [1] * 7
    assert sum(row(id).tries for id in ids) == 8  # the limit was learned at the first refusal


def test_row_47_a_connection_that_was_closed_while_idle_costs_no_mail(
    app: Flask, change_settings: ChangeSettings
) -> None:
    first, second = post(2)
    leaves = on("dot", usual, close, overall=1)

    with through(SmtpDouble(leaves), change_settings) as double:
        deliver.deliver([first])
        ((idle,),) = connections._own_pool().idle.values()
        until(lambda: not idle.session.usable())
        deliver.deliver([second])

    assert states() == {"sent": 2}
    assert tries(second) == ["sent"]
    assert len(double.connections) == 2


def test_row_47_a_half_open_connection_is_found_by_its_deadline_and_the_mail_goes_over_a_new_one(
    app: Flask, change_settings: ChangeSettings
) -> None:
    first, second = post(2)
    dead = on("mail", stall, mail=2, connection=1)

    with through(SmtpDouble(dead), change_settings, email_timeout=0.3):
        deliver.deliver([first])
        deliver.deliver([second])

    assert states() == {"sent": 2}
    assert (row(second).attempts_made, row(second).tries) == (1, 2)


def test_row_48_a_rate_limit_is_settled_under_and_nothing_is_lost(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(30)
    too_fast = on("mail", reply("454 4.4.5 sending rate exceeded, retry in 0.2 s"), when=faster_than(20))

    with through(SmtpDouble(too_fast), change_settings, email_provider="generic") as double:
        deliver.deliver(ids)

    assert states() == {"sent": 30}
    assert {copies(double, id) for id in ids} == {1}


def test_row_49_a_used_up_quota_holds_everything_until_the_window_frees(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(5)
    used_up = on("mail", reply("454 4.7.0 Daily message quota exceeded"), when=lambda c: c.overall > 2)

    with through(SmtpDouble(used_up), change_settings, email_provider="ses", email_per_second=0) as double:
        deliver.deliver(ids)
        before = len(double.connections)
        deliver.deliver(ids)

    assert states() == {"sent": 2, "deferred": 1, "queued": 2}
    held = sender()
    assert held.resume_at is not None
    assert held.resume_at - clock.now() > timedelta(minutes=55)
    assert len(double.connections) == before


def test_row_51_a_flapping_server_gets_every_mail_once_in_the_end(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(20)
    flapping = on("greeting", close, when=lambda c: c.number % 2 == 1)
    leaves = on("mail", close, when=lambda c: c.mails == 3)

    with through(SmtpDouble(flapping, leaves), change_settings) as double:
        deliver.deliver(ids)

    assert states() == {"sent": 20}
    assert {copies(double, id) for id in ids} == {1}
    assert max(row(id).tries for id in ids) <= line.TRIES_IN_HAND


def test_row_52_a_server_that_restarts_in_between_gets_every_mail_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    ids = post(6)
    with through(SmtpDouble(), change_settings) as first:
        deliver.deliver(ids[:3])
        port = first.port

    with through(SmtpDouble(port=port), change_settings) as second:
        deliver.deliver(ids)

    assert states() == {"sent": 6}
    assert len(first.accepted) == len(second.accepted) == 3


def test_row_56_a_recipient_suppressed_after_accepting_is_skipped_and_the_state_says_so(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org")
    suppressions.suppress("Ann@example.org", reason="asked not to be written to", source="unsubscribe")

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([id])

    assert (row(id).state, row(id).reason) == ("suppressed", "asked not to be written to")
    assert double.accepted == []


@pytest.mark.parametrize(
    ("meanwhile", "state"),
    [
        (lambda: outbox.cancel(kind="reminder", subject_id="event-1", reason="moved"), "cancelled"),
        (lambda: suppressions.suppress("ann@example.org", reason="no", source="test"), "suppressed"),
    ],
    ids=["cancelled", "suppressed"],
)
def test_a_change_between_claim_and_dot_is_obeyed(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch, meanwhile: Any, state: str
) -> None:
    id = post_to("ann@example.org")
    may_leave = Look.may_leave

    def late(look: Look, mail: claims.Claimed) -> bool:
        meanwhile()
        return may_leave(look, mail)

    monkeypatch.setattr(Look, "may_leave", late)

    with through(SmtpDouble(), change_settings) as double:
        result = deliver.deliver([id])

    assert result == {state: 1}
    assert row(id).state == state
    assert double.accepted == []


def test_a_mail_that_expires_between_claim_and_dot_is_not_sent(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = post_to("ann@example.org", expires_at=clock.now() + timedelta(minutes=5))
    may_leave = Look.may_leave

    def late(look: Look, mail: claims.Claimed) -> bool:
        with clock.frozen(clock.now() + timedelta(minutes=6)):
            return may_leave(look, mail)

    monkeypatch.setattr(Look, "may_leave", late)

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([id])

    assert double.accepted == []
    assert row(id).state == "queued"  # seen as late again, and ended, at the next claim


def test_a_mail_whose_time_has_passed_is_cancelled_and_says_so(
    app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to("ann@example.org", expires_at=clock.now() + timedelta(minutes=5))

    with through(SmtpDouble(), change_settings) as double, clock.frozen(clock.now() + timedelta(minutes=6)):
        result = deliver.deliver([id])

    assert result == {}
    assert (row(id).state, row(id).reason) == ("cancelled", claims.EXPIRED)
    assert double.accepted == []


def test_a_mail_that_cannot_be_composed_does_not_stop_the_others(
    app: Flask, change_settings: ChangeSettings
) -> None:
    bad = post_to("bad@example.org")
    db.session.execute(
        db.update(DeliveryContent)
        .where(DeliveryContent.delivery_id == bad)
        .values(headers={"Bcc": "everybody@example.org"})
    )
    db.session.commit()
    good = post_to("good@example.org")

    with through(SmtpDouble(), change_settings) as double:
        deliver.deliver([bad, good])

    assert (row(bad).state, row(good).state) == ("rejected", "sent")
    assert "Bcc" in (row(bad).reason or "")
    assert [each.recipient for each in double.accepted] == ["good@example.org"]


def test_a_job_that_takes_too_long_hands_the_rest_to_another(
    app: Flask, change_settings: ChangeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = post(4)
    monkeypatch.setattr(deliver, "BUDGET_SECONDS", 0.0)

    with through(SmtpDouble(), change_settings) as double:
        result = deliver.deliver(ids)

    assert result == {}
    assert states() == {"queued": 4}
    assert double.accepted == []


def test_whatever_comes_out_the_states_add_up(app: Flask, change_settings: ChangeSettings) -> None:
    ids = post(12)
    faults = (
        on("rcpt", reply("550 5.1.1 no such user"), overall=1),
        on("rcpt", reply("450 4.2.0 later"), overall=2),
        on("dot", close, overall=3),
        on("dot", reply("554 5.7.1 spam"), overall=4),
        on("mail", reply("503 5.5.1 out of step"), overall=5),
        on("body", close, overall=7),
    )

    with through(SmtpDouble(*faults), change_settings):
        deliver.deliver(ids)

    # Of the mail whose body broke off nobody knows when its final dot was on the way already; else it is sent again.
    unknown = states()["unknown"]
    assert unknown in (1, 2)
    assert states() == {"rejected": 2, "deferred": 1, "unknown": unknown, "sent": 9 - unknown}


def _run_sweep_at_its_time(id: int) -> None:
    due = row(id).next_attempt_at
    with clock.frozen(due):
        sweep(due)
    db.session.execute(db.update(Delivery).values(next_attempt_at=clock.now()))
    db.session.commit()
    connections.close_all()
