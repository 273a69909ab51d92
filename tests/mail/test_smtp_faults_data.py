"""Faults 24 to 34: not handed over, handed over, and the one gap in which nobody can know, kept apart."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.providers import SES
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import Conversation, SmtpDouble
from tests.doubles.smtp_script import accept, close, drip, on, read, reply, reset, stall, wait
from tests.mail.smtp_client import account_for, mail, message_id, said_to, send_as_a_row, send_one, until

pytestmark = pytest.mark.timeout(10)


@pytest.fixture(params=["alone", "in_a_row"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in_a_row":
        send_as_a_row(monkeypatch)


BIG = b"0123456789abcdef" * 4 * 1024 * 256 + b"\r\n"  # 16 MB: more than the sockets' buffers hold


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        pytest.param("451 4.3.0 try later", Verdict.RECIPIENT_TEMPORARY, id="row_24_data_451"),
        pytest.param("554 5.6.0 no", Verdict.CONTENT, id="row_24_data_554"),
    ],
)
def test_a_refused_data_command_means_surely_not_sent(answer: str, verdict: Verdict) -> None:
    with SmtpDouble(on("data", reply(answer), times=1)) as double, connect(account_for(double)) as session:
        refused, following = session.send(mail(1)), session.send(mail(2))

    assert (refused.phase, refused.verdict) == (Phase.DATA, verdict)
    assert refused.surely_not_sent
    assert following.sent


@pytest.mark.parametrize(
    ("step", "actions", "phase"),
    [
        pytest.param("data", (close,), Phase.DATA, id="row_25_close_before_354"),
        pytest.param("data", (reset,), Phase.DATA, id="row_25_reset_before_354"),
        pytest.param("body", (read(100_000), close), Phase.BODY, id="row_25_close_mid_body"),
        pytest.param("body", (read(100_000), reset), Phase.BODY, id="row_25_reset_mid_body"),
        pytest.param("body", (stall,), Phase.BODY, id="row_26_zero_window"),
    ],
)
def test_a_line_that_dies_before_the_dot_means_surely_not_sent(step: str, actions: Any, phase: Phase) -> None:
    with SmtpDouble(on(step, *actions, times=1)) as double:
        session = connect(account_for(double, timeout=1.0))
        outcome = session.send(mail(body=BIG))
        again = send_one(double)

    assert (outcome.phase, outcome.verdict) == (phase, Verdict.PROTOCOL)
    assert outcome.surely_not_sent
    assert outcome.charged
    assert not session.usable()
    assert again.sent
    assert len(double.accepted) == 1


def test_a_refusal_amid_the_body_is_heard_and_the_dot_never_sent() -> None:
    with SmtpDouble(on("body", read(1000), reply("552 5.3.4 too much"), close)) as double:
        outcome = send_one(double, mail(body=BIG))

    assert (outcome.phase, outcome.verdict, outcome.cause) == (Phase.BODY, Verdict.CONTENT, "too_large")
    assert outcome.surely_not_sent


def test_a_server_that_leaves_while_the_mark_is_made_never_gets_the_dot() -> None:
    marking = threading.Event()

    async def until_marking(_: Conversation) -> None:
        while not marking.is_set():
            await asyncio.sleep(0.002)

    def mark() -> bool:
        marking.set()
        return until(lambda: double.connections[0].closed)

    large = mail(body=b"a line\r\n" * 10_000)
    leaving = on("body", read(len(large.data)), until_marking, reply("421 4.3.0 shutting down"), close)
    with SmtpDouble(leaving) as double:
        outcome = connect(account_for(double)).send(large, mark)

    assert (outcome.phase, outcome.verdict, outcome.code) == (Phase.BODY, Verdict.SESSION_LIMIT, 421)
    assert outcome.surely_not_sent


@pytest.mark.parametrize(
    ("answer", "verdict", "retry_after"),
    [
        pytest.param("451 4.3.0 later", Verdict.RECIPIENT_TEMPORARY, None, id="row_27_dot_451"),
        pytest.param("452 4.3.1 no space", Verdict.PACE, 60, id="row_27_dot_452"),
        pytest.param(
            "454 Throttling failure: Maximum sending rate exceeded.", Verdict.PACE, 1, id="row_27_ses_rate"
        ),
        pytest.param(
            "454 Throttling failure: Daily message quota exceeded.",
            Verdict.QUOTA,
            3600,
            id="row_27_ses_quota",
        ),
        pytest.param("550 5.7.1 looks like spam", Verdict.CONTENT, None, id="row_28_dot_550"),
        pytest.param("552 5.2.3 too large", Verdict.CONTENT, None, id="row_28_dot_552"),
        pytest.param("554 5.6.0 bad content", Verdict.CONTENT, None, id="row_28_dot_554"),
    ],
)
def test_a_refusal_after_the_dot_is_an_answer_and_means_not_sent(
    answer: str, verdict: Verdict, retry_after: float | None
) -> None:
    with (
        SmtpDouble(on("dot", reply(answer), times=1)) as double,
        connect(account_for(double, provider=SES)) as session,
    ):
        refused, following = session.send(mail(1)), session.send(mail(2))

    assert (refused.phase, refused.verdict, refused.retry_after) == (Phase.DOT, verdict, retry_after)
    assert refused.surely_not_sent
    assert following.sent
    assert len(double.accepted) == 1


@pytest.mark.parametrize(
    ("actions", "accepted"),
    [
        pytest.param((accept, close), 1, id="row_29_accepted_and_closed"),
        pytest.param((accept, reset), 1, id="row_29_accepted_and_reset"),
        pytest.param((close,), 0, id="row_30_not_accepted_and_closed"),
        pytest.param((reset,), 0, id="row_30_not_accepted_and_reset"),
        pytest.param((accept, reply("what?")), 1, id="row_36_accepted_and_garbled"),
        pytest.param((reply("354 more?"),), 0, id="row_39_wrong_class_after_the_dot"),
        pytest.param((accept, reply("220 welcome")), 1, id="row_39_greeting_after_the_dot"),
    ],
)
def test_no_clear_answer_after_the_dot_means_unknown(actions: Any, accepted: int) -> None:
    with SmtpDouble(on("dot", *actions)) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert (outcome.phase, outcome.verdict) == (Phase.DOT, Verdict.UNKNOWN)
    assert not outcome.surely_not_sent
    assert not session.usable()
    assert double.copies(message_id(), "ann@example.org") == accepted


def test_rows_29_and_30_cannot_be_told_apart() -> None:
    with SmtpDouble(on("dot", accept, close, connection=1), on("dot", close, connection=2)) as double:
        taken, not_taken = send_one(double), send_one(double)

    assert (taken.verdict, taken.cause, taken.text) == (not_taken.verdict, not_taken.cause, not_taken.text)


@pytest.mark.parametrize(
    "late", [pytest.param(1, id="row_31_after_1x"), pytest.param(2, id="row_31_after_2x")]
)
def test_an_answer_later_than_a_command_may_take_is_still_waited_for(late: int) -> None:
    with SmtpDouble(on("dot", accept, wait(late * 0.4), reply("250 2.0.0 ok"))) as double:
        outcome = send_one(double, timeout=0.4)

    assert outcome.sent
    assert len(double.accepted) == 1


def test_row_31_the_answer_may_take_longer_than_a_whole_mail() -> None:
    with SmtpDouble(on("dot", accept, wait(0.6), reply("250 2.0.0 ok"))) as double:
        outcome = send_one(double, total_timeout=0.5)

    assert outcome.sent


def test_row_32_an_answer_after_the_deadline_is_never_read_as_another_mails() -> None:
    late = on("dot", accept, wait(0.3), reply("250 2.0.0 late"), mail=1, times=1)
    with SmtpDouble(late) as double:
        session = connect(account_for(double, accept_timeout=0.1))
        first, second = session.send(mail(1)), session.send(mail(2))
        again = send_one(double, mail(2))

    assert first.verdict is Verdict.UNKNOWN
    assert (second.sent, second.surely_not_sent) == (False, True)
    assert again.sent
    assert double.copies(message_id(2), "ann@example.org") == 1


def test_a_dripped_answer_cannot_stretch_the_deadline_after_the_dot() -> None:
    with SmtpDouble(on("dot", accept, drip("250 2.0.0 a very slow acceptance indeed\r\n", 0.05))) as double:
        outcome = send_one(double, accept_timeout=0.3)

    assert outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("body", "stored"),
    [
        pytest.param(b"one\ntwo\rthree\r\n", b"one\r\ntwo\r\nthree\r\n", id="row_34_lone_ends"),
        pytest.param(
            b"a\n.\nMAIL FROM:<eve@x>\r\n", b"a\r\n.\r\nMAIL FROM:<eve@x>\r\n", id="row_34_smuggled_dot"
        ),
        pytest.param(b"a\r.\r\nb\r\n", b"a\r\n.\r\nb\r\n", id="row_34_smuggled_with_cr"),
        pytest.param(b"a\r\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n", id="row_34_a_dot_alone"),
        pytest.param(b".dot\r\n..two\r\n", b".dot\r\n..two\r\n", id="row_34_leading_dots"),
        pytest.param(b"x" * 5000 + b"\r\n", b"x" * 5000 + b"\r\n", id="row_34_long_line"),
        pytest.param(b"no end", b"no end\r\n", id="row_34_no_final_newline"),
        pytest.param(b"ends in cr\r", b"ends in cr\r\n", id="row_34_ends_in_cr"),
        pytest.param(b"\x00\xff\r\n", b"\x00\xff\r\n", id="row_34_any_byte"),
    ],
)
def test_what_is_stored_is_byte_for_byte_what_was_sent(body: bytes, stored: bytes) -> None:
    with SmtpDouble() as double:
        outcome = send_one(double, mail(body=body))

    assert outcome.sent
    assert double.accepted[0].data == mail(body=b"").data + stored
    assert said_to(double) == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_a_mail_that_begins_with_a_dot_or_is_empty_arrives_as_it_is() -> None:
    with SmtpDouble() as double, connect(account_for(double)) as session:
        outcomes = [session.send(type(mail())("a@x.org", "b@x.org", data)) for data in (b".", b"")]

    assert [each.sent for each in outcomes] == [True, True]
    assert [each.data for each in double.accepted] == [b".\r\n", b""]


def test_the_mark_is_made_when_all_but_the_dot_is_on_the_line() -> None:
    seen: list[int] = []

    def mark() -> bool:
        seen.append(len(double.accepted))
        return True

    with SmtpDouble() as double, connect(account_for(double)) as session:
        outcome = session.send(mail(), mark)

    assert seen == [0]
    assert outcome.sent


def test_a_mail_no_longer_wanted_is_withdrawn_before_its_dot() -> None:
    with SmtpDouble() as double:
        session = connect(account_for(double))
        outcome = session.send(mail(), lambda: False)
        send_one(double, mail(2))

    assert (outcome.phase, outcome.verdict, outcome.charged) == (Phase.BODY, Verdict.WITHDRAWN, False)
    assert not session.usable()
    assert double.copies(message_id(1), "ann@example.org") == 0


def test_an_error_while_marking_drops_the_line_without_a_dot() -> None:
    def broken() -> bool:
        raise RuntimeError("database is locked")

    with SmtpDouble() as double:
        session = connect(account_for(double))
        with pytest.raises(RuntimeError, match="database is locked"):
            session.send(mail(), broken)
        send_one(double, mail(2))

    assert not session.usable()
    assert [each.message_id for each in double.accepted] == [message_id(2)]
