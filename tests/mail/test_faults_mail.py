"""Faults 12 to 39 as the ledger shows them, where no other test has looked at the rows: whose fault, and what next."""

from __future__ import annotations

import socket
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from edupulse import clock
from edupulse.database import db
from edupulse.mail import deliver, dial
from edupulse.mail.models import Attempt, DeliveryContent, Suppression
from edupulse.mail.pump import pump
from edupulse.mail.retry import GIVE_UP_AFTER
from tests.doubles.smtp_double import OFFERS, SmtpDouble
from tests.doubles.smtp_script import accept, close, drip, on, read, reply, reset, stall, usual
from tests.mail.bulk import ids_of, mailing, standing
from tests.mail.faults import AT_ONCE, ChangeSettings, account_for_all, go_on_at, go_on_until_over
from tests.mail.line import copies, post_to, row, sender, through, tries

P1 = "p1@example.org"


def suppressed() -> list[str]:
    return [each.address for each in db.session.query(Suppression)]


def test_row_12_a_refused_sender_address_stops_a_mailing_at_its_first_mail_and_marks_nobody(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(5)

    with through(
        SmtpDouble(on("mail", reply("553 5.1.8 not allowed"))), change_settings, **AT_ONCE
    ) as double:
        pump()
        pump()

    assert standing(one) == {"queued": 5}
    assert (sender().pause_cause, sender().resume_at) == ("sender_refused", None)
    assert [tries(id) for id in ids_of(one)] == [["sender"], [], [], [], []]
    assert suppressed() == []
    assert len(double.connections) == 1


def test_row_14_an_unknown_mailbox_amid_a_mailing_is_rejected_and_suppressed_alone(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(5)
    unknown = on("rcpt", reply("550 5.1.1 no such user"), recipient=P1)

    with through(SmtpDouble(unknown), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 5, double) == {"sent": 4, "rejected": 1}
    assert suppressed() == [P1]
    assert len(double.connections) == 1


def test_row_15_a_greylisted_mail_of_a_mailing_is_deferred_then_sent_once(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    greylisted = on("rcpt", reply("450 4.7.1 Greylisted"), recipient=P1, times=2)

    with through(SmtpDouble(greylisted), change_settings, **AT_ONCE) as double:
        pump()
        assert standing(one) == {"sent": 2, "deferred": 1}
        go_on_until_over(one)

    assert account_for_all(one, 3, double) == {"sent": 3}
    assert tries(ids_of(one)[1])[-2:] == ["recipient_temporary", "sent"]


def test_row_16_a_mailbox_that_stays_full_is_given_up_in_the_end_and_not_suppressed(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(2)
    full = on("rcpt", reply("452 4.2.2 mailbox full"), recipient=P1)

    with through(SmtpDouble(full), change_settings, **AT_ONCE) as double:
        go_on_at(clock.now(), one)
        assert standing(one) == {"sent": 1, "deferred": 1}
        go_on_until_over(one, step=GIVE_UP_AFTER / 4)

    bounced = row(ids_of(one)[1])
    assert account_for_all(one, 2, double) == {"sent": 1, "rejected": 1}
    assert "Given up after" in (bounced.reason or "")
    assert bounced.attempts_made >= 3
    assert suppressed() == []


@pytest.mark.parametrize(
    ("answer", "state"),
    [("451 4.3.0 try later", "deferred"), ("554 5.6.0 no", "rejected")],
    ids=["451", "554"],
)
def test_row_24_a_mail_refused_instead_of_asked_for_is_surely_not_sent(
    app: Flask, change_settings: ChangeSettings, answer: str, state: str
) -> None:
    one = mailing(3)

    with through(SmtpDouble(on("data", reply(answer), overall=2)), change_settings, **AT_ONCE) as double:
        pump()

    refused = row(ids_of(one)[1])
    assert account_for_all(one, 3, double) == {"sent": 2, state: 1}
    assert (refused.dot_at, refused.claim) == (None, None)


@pytest.mark.parametrize(
    ("at", "actions"),
    [
        pytest.param("data", (close,), id="closed_before_354"),
        pytest.param("data", (reset,), id="reset_before_354"),
        pytest.param("body", (read(20), close), id="closed_mid_body"),
    ],
)
@pytest.mark.usefixtures("short_buffers")
def test_row_25_a_line_that_breaks_before_the_dot_costs_no_mail(
    sqlite_app: Flask, change_settings: ChangeSettings, at: str, actions: Any
) -> None:
    # A whole small mail leaves in one write, its dot in it, and may have been read: this one fills many writes.
    id = post_to(P1)
    if at == "body":
        _make_large([id])

    with through(SmtpDouble(on(at, *actions, overall=1)), change_settings) as double:
        deliver.deliver([id])

    assert row(id).state == "sent"
    assert copies(double, id) == 1
    assert len(tries(id)) == 2


@pytest.mark.usefixtures("short_buffers")
def test_row_26_a_server_that_stops_reading_is_left_by_its_deadline_and_the_mail_is_not_lost(
    sqlite_app: Flask, change_settings: ChangeSettings
) -> None:
    id = post_to(P1)
    _make_large([id])

    with through(SmtpDouble(on("body", stall, times=1)), change_settings, email_timeout=0.2) as double:
        deliver.deliver([id])

    assert tries(id) == ["protocol", "sent"]
    assert copies(double, id) == 1


NOT_AS_EXPECTED = [
    pytest.param(on("mail", reply("hello there"), overall=2), id="row_36_garbage"),
    pytest.param(on("mail", reply("250 " + "x" * 65_536), overall=2), id="row_36_endless_line"),
    pytest.param(
        on("dot", usual, reply("421 4.4.2 idle too long"), close, overall=1), id="row_37_unsolicited_421"
    ),
    pytest.param(on("dot", usual, reply("250 2.0.0 hello?"), overall=1), id="row_37_unsolicited_250"),
    pytest.param(on("data", reply("250 2.0.0 ok"), overall=2), id="row_39_250_to_data"),
    pytest.param(on("rcpt", reply("354 go ahead"), overall=2), id="row_39_354_to_rcpt"),
]


@pytest.mark.parametrize("fault", NOT_AS_EXPECTED)
@pytest.mark.parametrize("offers", [OFFERS, OFFERS[1:]], ids=["pipelined", "one_by_one"])
def test_rows_36_and_37_and_39_who_answers_out_of_turn_gets_the_mail_over_a_new_connection(
    app: Flask, change_settings: ChangeSettings, fault: Any, offers: tuple[str, ...]
) -> None:
    one = mailing(4)
    fault.used = 0

    with through(SmtpDouble(fault, offers=offers), change_settings, **AT_ONCE) as double:
        pump()
        go_on_at(clock.now() + timedelta(minutes=1), one)

    assert fault.used == 1
    assert account_for_all(one, 4, double) == {"sent": 4}
    assert {row(id).attempts_made for id in ids_of(one)} == {1}


def test_row_37_two_answers_to_one_dot_that_disagree_leave_that_mail_alone_unknown(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    both = on("dot", accept, reply("554 5.7.1 no", "250 2.0.0 yes"), overall=2)

    with through(SmtpDouble(both, offers=OFFERS[1:]), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 3, double) == {"sent": 2, "unknown": 1}
    assert row(ids_of(one)[1]).state == "unknown"


def test_row_35_what_a_server_says_is_kept_legibly(app: Flask, change_settings: ChangeSettings) -> None:
    one = mailing(1)
    said = reply(b"550-5.1.1 " + "用户不存在".encode("gbk"), b"550 5.1.1 \x1b[31mask the office")

    with through(SmtpDouble(on("rcpt", said)), change_settings, **AT_ONCE):
        pump()

    attempt = db.session.query(Attempt).one()
    assert (attempt.code, attempt.enhanced) == (550, "5.1.1")
    assert "用户不存在" in attempt.text
    assert "ask the office" in (row(ids_of(one)[0]).reason or "")
    assert "\x1b" not in f"{attempt.text}{row(ids_of(one)[0]).reason}"


def test_row_38_answers_that_come_byte_by_byte_mean_the_same(
    app: Flask, change_settings: ChangeSettings
) -> None:
    one = mailing(3)
    slowly = on("dot", accept, drip("250 2.0.0 accepted\r\n", 0.001))
    refusal = on("rcpt", drip("550 5.1.1 no such user\r\n", 0.001), recipient=P1)

    with through(SmtpDouble(slowly, refusal), change_settings, **AT_ONCE) as double:
        pump()

    assert account_for_all(one, 3, double) == {"sent": 2, "rejected": 1}


@pytest.fixture
def short_buffers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a line hold little, so that a mail of some megabytes is never on it as a whole."""
    connected = dial._connected

    def small(opened: socket.socket, *about: Any) -> socket.socket:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32_768)
        return connected(opened, *about)

    monkeypatch.setattr(dial, "_connected", small)


def _make_large(ids: list[int]) -> None:
    text = "A line of a long text.\n" * 180_000  # 4 MB
    db.session.execute(
        db.update(DeliveryContent).where(DeliveryContent.delivery_id.in_(ids)).values(text=text, html="")
    )
    db.session.commit()
