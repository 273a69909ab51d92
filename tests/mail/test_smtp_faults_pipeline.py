"""Faults 40 to 45, and the older ones with a second mail already on the line: only one mail is ever in doubt."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from time import monotonic
from typing import Any
from unittest.mock import Mock

import pytest

from edupulse.mail import pipeline
from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Outcome, Phase, Verdict
from edupulse.mail.providers import NETEASE
from edupulse.mail.smtp import connect
from edupulse.mail.wire import LineFault, Wire
from tests.doubles.smtp_double import OFFERS, Conversation, SmtpDouble
from tests.doubles.smtp_script import (
    accept,
    close,
    drip,
    flush,
    on,
    pour,
    raw,
    read,
    reply,
    reset,
    stall,
    usual,
    usual_saying,
    wait,
)
from tests.mail.smtp_client import account_for, mail, message_id, said_to, send_all, send_one, until

pytestmark = pytest.mark.timeout(10)

THREE = (mail(1), mail(2), mail(3))
NOT_BEGUN = (Phase.MAIL, Verdict.SESSION_LIMIT, "not_begun")
GROUP = ["MAIL", "RCPT", "DATA"]
BIG = b"0123456789abcdef" * 4 * 1024 * 256 + b"\r\n"  # 16 MB: more than the sockets' buffers hold

LARGE = b"One line of a mail that fills more than one write.\r\n" * 40_000  # 2 MB


def facts(outcome: Outcome) -> tuple[Phase, Verdict, str]:
    return outcome.phase, outcome.verdict, outcome.cause


def copies(double: SmtpDouble) -> list[int]:
    return [double.copies(message_id(number), "ann@example.org") for number in (1, 2, 3)]


def test_row_40_without_pipelining_each_command_waits_for_its_answer() -> None:
    with SmtpDouble(offers=OFFERS[1:]) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *THREE)

        assert not session.pipelining
    assert [each.sent for each in outcomes] == [True] * 3
    assert said_to(double) == ["EHLO", *GROUP * 3, "QUIT"]


def test_row_40_what_was_offered_before_tls_counts_for_nothing() -> None:
    without = on("ehlo", reply("250-double.example", "250 8BITMIME"), when=lambda c: c.seen.secure)
    with SmtpDouble(without, security="starttls") as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *THREE)

        assert not session.pipelining
    assert [each.sent for each in outcomes] == [True] * 3


def test_row_41_a_server_that_loses_what_is_sent_ahead_is_found_out_long_before_a_command_is_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pipeline, "_IMPROPER_AFTER", 0.1)
    with SmtpDouble(on("dot", flush, usual)) as double:
        session = connect(account_for(double, timeout=60.0))
        first, second, third = send_all(session, *THREE)

    assert first.sent
    assert facts(second) == (Phase.MAIL, Verdict.PROTOCOL, "improper_pipelining")
    assert (second.surely_not_sent, second.charged) == (True, False)
    assert facts(third) == NOT_BEGUN
    assert not session.usable()
    assert copies(double) == [1, 0, 0]


def test_row_41_a_server_known_for_it_gets_one_mail_after_the_other() -> None:
    flushing = SmtpDouble(on("dot", flush, usual))
    with flushing as double, connect(account_for(double, pipelining=False)) as session:
        outcomes = send_all(session, *THREE)

    assert [each.sent for each in outcomes] == [True] * 3
    assert copies(double) == [1, 1, 1]


def test_row_41_a_server_that_eats_the_rest_of_a_group_is_found_out_too() -> None:
    with SmtpDouble(on("mail", flush, usual)) as double:
        outcomes = send_all(connect(account_for(double, timeout=0.2)), *THREE)

    assert facts(outcomes[0]) == (Phase.MAIL, Verdict.PROTOCOL, "improper_pipelining")
    assert not outcomes[0].charged
    assert facts(outcomes[1]) == NOT_BEGUN
    assert copies(double) == [0, 0, 0]


def test_row_41_a_server_that_loses_step_over_what_is_sent_ahead_is_found_out_too() -> None:
    with SmtpDouble(on("mail", reply("503 5.5.1 RCPT first"), mail=2)) as double:
        outcomes = send_all(connect(account_for(double)), *THREE)

    assert [each.cause for each in outcomes[:2]] == ["accepted", "improper_pipelining"]
    assert copies(double) == [1, 0, 0]


def test_a_server_that_has_proved_itself_may_be_slow_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_IMPROPER_AFTER", 0.3)
    with (
        SmtpDouble(on("mail", wait(0.4), usual, mail=3)) as double,
        connect(account_for(double)) as session,
    ):
        outcomes = send_all(session, *THREE)

    assert [each.sent for each in outcomes] == [True] * 3


def test_a_first_answer_that_drips_is_slow_and_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_IMPROPER_AFTER", 0.3)
    slow = on("mail", drip("250 2.1.0 sender o", 0.025), usual_saying("k"), mail=2)
    with SmtpDouble(slow) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *THREE)

    assert [each.sent for each in outcomes] == [True] * 3


@pytest.mark.parametrize("place", [1, 2])
def test_row_42_a_354_for_a_mail_without_recipient_ends_the_line_and_delivers_nothing(place: int) -> None:
    unknown = on("rcpt", reply("550 5.1.1 unknown"), mail=place)
    with SmtpDouble(unknown, on("data", reply("354 go ahead"), mail=place)) as double:
        session = connect(account_for(double))
        outcomes = send_all(session, *THREE)

    assert facts(outcomes[place - 1]) == (Phase.RCPT, Verdict.RECIPIENT_PERMANENT, "mailbox_unknown")
    assert facts(outcomes[place]) == NOT_BEGUN
    assert not session.usable()
    assert copies(double) == [1, 0, 0] if place == 2 else [0, 0, 0]


def test_row_43_an_accepted_mail_is_sent_though_the_next_one_is_told_to_leave() -> None:
    with SmtpDouble(on("mail", reply("421 4.3.0 closing"), close, mail=2)) as double:
        session = connect(account_for(double))
        first, second, *behind = send_all(session, *THREE)

    assert first.sent
    assert (second.phase, second.verdict, second.code) == (Phase.MAIL, Verdict.SESSION_LIMIT, 421)
    assert not second.charged
    assert {facts(each) for each in behind} <= {NOT_BEGUN}
    assert session.mails == 1
    assert copies(double) == [1, 0, 0]


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_row_20_a_421_to_an_envelope_behind_a_body_leaves_its_mail_surely_unsent(step: str) -> None:
    with SmtpDouble(on(step, reply("421 4.3.0 closing"), close, mail=2)) as double:
        session = connect(account_for(double))
        first, second, *behind = send_all(session, *THREE)
        again = send_one(double, mail(2))

    assert first.sent
    assert (second.phase, second.verdict, second.charged) == (Phase(step), Verdict.SESSION_LIMIT, False)
    assert {facts(each) for each in behind} <= {NOT_BEGUN}
    assert again.sent
    assert copies(double) == [1, 1, 0]


def test_row_31_an_answer_later_than_a_command_may_take_is_waited_for_with_a_mail_on_the_line() -> None:
    late = on("dot", accept, wait(0.7), reply("250 2.0.0 ok"), mail=1)
    with SmtpDouble(late) as double, connect(account_for(double, timeout=0.6)) as session:
        outcomes = send_all(session, *THREE)

    assert [each.sent for each in outcomes] == [True] * 3
    assert copies(double) == [1, 1, 1]


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((reply("421 4.7.0 too many messages in this session"), close), id="row_46_421"),
        pytest.param((reply("450 MI:DMC 163 smtp3"),), id="row_46_mi_dmc"),
        pytest.param((close,), id="row_46_silent"),
    ],
)
def test_a_server_that_ends_each_connection_after_three_mails_costs_none(actions: Any) -> None:
    left, carried = [mail(number) for number in range(1, 11)], []
    with SmtpDouble(on("mail", *actions, mail=4)) as double:
        while left:
            with connect(account_for(double, provider=NETEASE)) as session:
                outcomes = send_all(session, *left)
            assert {each.verdict for each in outcomes} <= {Verdict.SENT, Verdict.SESSION_LIMIT}
            carried.append(session.mails)
            left = left[session.mails :]

    assert carried == [3, 3, 3, 1]
    assert [double.copies(message_id(number), "ann@example.org") for number in range(1, 11)] == [1] * 10


@pytest.mark.parametrize(
    ("actions", "accepted"),
    [
        pytest.param((accept, close), 1, id="row_44_accepted_and_closed"),
        pytest.param((close,), 0, id="row_44_not_accepted_and_closed"),
        pytest.param((accept, reset), 1, id="row_44_accepted_and_reset"),
        pytest.param((accept, reply("what?")), 1, id="row_44_garbled"),
        pytest.param((accept, raw("250 2.0.0 acc"), close), 1, id="row_44_cut_in_its_answer"),
        pytest.param((accept, stall), 1, id="row_44_silent_for_ever"),
        pytest.param((accept, wait(0.6), reply("250 2.0.0 late")), 1, id="row_44_answered_too_late"),
        pytest.param((accept, pour(b"250-and so on\r\n" * 1000, times=5)), 1, id="row_44_endless"),
    ],
)
def test_only_the_mail_whose_dot_is_out_is_in_doubt(actions: Any, accepted: int) -> None:
    with SmtpDouble(on("dot", *actions, mail=2)) as double:
        session = connect(account_for(double, accept_timeout=0.4))
        first, second, third = send_all(session, *THREE)

    assert first.sent
    assert (second.phase, second.verdict) == (Phase.DOT, Verdict.UNKNOWN)
    assert facts(third) == NOT_BEGUN
    assert (third.surely_not_sent, third.charged) == (True, False)
    assert not session.usable()
    assert copies(double) == [1, accepted, 0]


def test_row_45_a_pause_leaves_a_mail_that_the_server_waits_for_undelivered() -> None:
    asked: list[str] = []

    def until_the_second(envelope: Any) -> bool:
        asked.append(envelope.rcpt_to)
        return len(asked) < 2

    with SmtpDouble() as double:
        session = connect(account_for(double))
        first, second, third = send_all(session, *THREE, mark=until_the_second)
        gone = until(lambda: double.connections[0].closed)

    assert first.sent
    assert facts(second) == (Phase.BODY, Verdict.WITHDRAWN, "withdrawn")
    assert facts(third) == NOT_BEGUN
    assert (len(asked), gone) == (2, True)
    assert copies(double) == [1, 0, 0]


REFUSALS = [
    ("mail", "550 5.7.1 not your address", (Phase.MAIL, Verdict.SENDER, "sender_refused")),
    ("mail", "452 4.3.1 busy", (Phase.MAIL, Verdict.PACE, "server_busy")),
    ("rcpt", "550 5.1.1 unknown", (Phase.RCPT, Verdict.RECIPIENT_PERMANENT, "mailbox_unknown")),
    ("rcpt", "450 4.7.1 Greylisted", (Phase.RCPT, Verdict.RECIPIENT_TEMPORARY, "greylist")),
    ("data", "451 4.3.0 later", (Phase.DATA, Verdict.RECIPIENT_TEMPORARY, "later")),
    ("dot", "554 5.6.0 bad content", (Phase.DOT, Verdict.CONTENT, "content")),
    ("dot", "452 4.3.1 no space", (Phase.DOT, Verdict.PACE, "server_busy")),
]


@pytest.mark.parametrize(("step", "answer", "expected"), REFUSALS)
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_refused_mail_leaves_the_others_alone(
    place: int, step: str, answer: str, expected: tuple[Phase, Verdict, str]
) -> None:
    with SmtpDouble(on(step, reply(answer), mail=place)) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *THREE)

        assert session.usable()
    assert facts(outcomes[place - 1]) == expected
    assert [each.sent for each in outcomes].count(True) == 2
    assert [copies(double)[place - 1], sum(copies(double))] == [0, 2]
    assert len(double.connections) == 1


def test_behind_a_refused_envelope_the_next_group_begins_with_a_reset() -> None:
    unknown = on("rcpt", reply("550 5.1.1 unknown"), mail=1)
    with SmtpDouble(unknown) as double, connect(account_for(double)) as session:
        send_all(session, mail(1), mail(2))

    assert said_to(double) == ["EHLO", *GROUP, "RSET", *GROUP, "QUIT"]


def test_a_refused_reset_ends_the_line_with_the_mail_behind_it_unsent() -> None:
    rules = on("rcpt", reply("550 5.1.1 unknown"), mail=1), on("rset", reply("500 what?"))
    with SmtpDouble(*rules) as double:
        outcomes = send_all(connect(account_for(double)), *THREE)

    assert [each.verdict for each in outcomes] == [
        Verdict.RECIPIENT_PERMANENT,
        Verdict.PROTOCOL,
        Verdict.SESSION_LIMIT,
    ]
    assert copies(double) == [0, 0, 0]


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(("250 2.0.0 ok", "554 5.6.0 no"), id="row_37_accepted_then_refused"),
        pytest.param(("554 5.6.0 no", "250 2.0.0 ok"), id="row_37_refused_then_accepted"),
    ],
)
def test_two_answers_to_one_dot_that_disagree_mean_unknown_with_a_mail_on_the_line_too(answers: Any) -> None:
    with SmtpDouble(on("dot", reply(*answers), mail=1)) as double:
        session = connect(account_for(double))
        first, second = send_all(session, *THREE)

    assert facts(first) == (Phase.DOT, Verdict.UNKNOWN, "garbled")
    assert facts(second) == NOT_BEGUN
    assert not session.usable()


def test_row_37_a_surplus_answer_never_lets_a_mail_through() -> None:
    with SmtpDouble(on("dot", usual_saying("250 2.0.0 ok\r\n250 2.0.0 ok again"), mail=1)) as double:
        first, second, third = send_all(connect(account_for(double)), *THREE)

    assert first.sent
    assert (second.verdict, second.surely_not_sent, second.charged) == (Verdict.PROTOCOL, True, False)
    assert facts(third) == NOT_BEGUN
    assert copies(double) == [1, 0, 0]


def test_row_37_a_farewell_behind_an_acceptance_leaves_no_doubt() -> None:
    leaving = on("dot", accept, reply("250 2.0.0 ok", "421 4.7.0 no more from you"), close, mail=2)
    with SmtpDouble(leaving) as double:
        outcomes = send_all(connect(account_for(double)), *THREE)

    assert [each.sent for each in outcomes] == [True, True, False]
    assert (outcomes[2].code, outcomes[2].charged) == (421, False)
    assert copies(double) == [1, 1, 0]


@pytest.mark.parametrize("way", ["row_38_byte_by_byte", "row_38_in_one_piece"])
def test_answers_mean_the_same_however_they_are_cut(way: str) -> None:
    long = b"250-2.0.0 one\r\n250-two\r\n250 three\r\n"
    say = drip(long, 0.001) if way == "row_38_byte_by_byte" else raw(long)
    with SmtpDouble(on("dot", accept, say)) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *THREE)

    assert [(each.sent, each.text) for each in outcomes] == [(True, "one two three")] * 3
    assert copies(double) == [1, 1, 1]


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("data", "250 2.0.0 ok", id="row_39_250_to_data"),
        pytest.param("rcpt", "354 go ahead", id="row_39_354_to_rcpt"),
        pytest.param("mail", "220 welcome", id="row_39_220_to_mail"),
    ],
)
def test_an_answer_of_the_wrong_class_ends_the_line_before_a_body(step: str, answer: str) -> None:
    with SmtpDouble(on(step, reply(answer), mail=2)) as double:
        first, second, third = send_all(connect(account_for(double)), *THREE)

    assert first.sent
    assert (second.phase, second.verdict, second.charged) == (Phase(step), Verdict.PROTOCOL, False)
    assert facts(third) == NOT_BEGUN
    assert copies(double) == [1, 0, 0]


@pytest.mark.parametrize("actions", [pytest.param((close,), id="close"), pytest.param((reset,), id="reset")])
@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_line_that_dies_over_an_envelope_leaves_no_doubt(step: str, actions: Any) -> None:
    with SmtpDouble(on(step, *actions, mail=2)) as double:
        first, second, third = send_all(connect(account_for(double)), *THREE)
        again = send_one(double, mail(2))

    # A reset may overtake the answer that was on its way: then nobody knows of the first one.
    assert first.verdict in (Verdict.SENT, Verdict.UNKNOWN)
    assert (second.surely_not_sent, third.surely_not_sent) == (True, True)
    assert again.sent
    assert copies(double) == [1, 1, 0]


@pytest.mark.parametrize(
    "actions",
    [
        pytest.param((read(100_000), close), id="row_25_close_mid_body"),
        pytest.param((stall,), id="row_26_zero_window"),
        pytest.param((read(1000), reply("552 5.3.4 too much"), close), id="row_25_refused_mid_body"),
    ],
)
def test_a_large_body_that_breaks_off_is_surely_unsent(actions: Any) -> None:
    with SmtpDouble(on("body", *actions, mail=1)) as double:
        session = connect(account_for(double, timeout=0.5))
        outcomes = send_all(session, mail(1, body=BIG), mail(2))

    assert (outcomes[0].phase, outcomes[0].surely_not_sent) == (Phase.BODY, True)
    assert facts(outcomes[1]) == NOT_BEGUN
    assert copies(double) == [0, 0, 0]


def test_large_and_small_mails_arrive_byte_for_byte() -> None:
    bodies = [LARGE, b"small\r\n", b".dots\r\n..\r\n" * 8000, b"", b"no end"]
    with SmtpDouble() as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *(mail(number, body=body) for number, body in enumerate(bodies)))

    assert [each.sent for each in outcomes] == [True] * 5
    expected = [body if body.endswith(b"\r\n") or not body else body + b"\r\n" for body in bodies]
    assert [each.data.partition(b"\r\n\r\n")[2] for each in double.accepted] == expected


def test_a_server_that_leaves_while_the_mark_is_made_never_gets_the_dot() -> None:
    marking = threading.Event()

    async def until_marking(_: Conversation) -> None:
        while not marking.is_set():
            await asyncio.sleep(0.002)

    def mark(envelope: Envelope) -> bool:
        if envelope is not THREE[1]:
            return True
        marking.set()
        return until(lambda: double.connections[0].closed)

    leaving = on("body", until_marking, reply("421 4.3.0 shutting down"), close, mail=2)
    with SmtpDouble(leaving) as double:
        first, second, third = send_all(connect(account_for(double)), *THREE, mark=mark)

    assert first.sent
    assert (second.phase, second.verdict, second.code) == (Phase.BODY, Verdict.SESSION_LIMIT, 421)
    assert facts(third) == NOT_BEGUN
    assert copies(double) == [1, 0, 0]


def test_mails_in_a_row_go_over_an_encrypted_line_too() -> None:
    with SmtpDouble(security="starttls") as double, connect(account_for(double)) as session:
        outcomes = send_all(session, mail(1, body=LARGE), *THREE[1:])

        assert session.usable()
    assert [each.sent for each in outcomes] == [True] * 3
    assert said_to(double)[-10:] == [*GROUP * 3, "QUIT"]


class Breaking(socket.socket):
    """A socket whose kernel takes `room` bytes and then loses its peer."""

    room = 0

    def send(self, data: Any, *_: Any) -> int:
        if not self.room:
            raise ConnectionResetError(104, "Connection reset by peer")
        taken = min(self.room, len(data))
        self.room -= taken
        return super().send(data[:taken])


@pytest.mark.parametrize("room", [0, 1, 9, 10, 15])
def test_a_write_that_fails_says_how_much_the_kernel_took(room: int) -> None:
    ours, theirs = socket.socketpair()
    breaking = Breaking(fileno=ours.detach())
    breaking.room = room
    wire = Wire(breaking, monotonic() + 5)

    with theirs, pytest.raises(LineFault, match="reset"):
        wire.write(b"0123456789ABCDEF", dot=10)
    wire.close()

    assert wire.handed == room


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        pytest.param(1, (Phase.BODY, Verdict.PROTOCOL, "closed"), id="the_dot_is_not_whole"),
        pytest.param(0, (Phase.ACCEPTED, Verdict.SENT, "accepted"), id="the_dot_is_out_and_is_answered"),
    ],
)
def test_what_a_broken_write_means_depends_on_whether_the_dot_was_in_it(
    missing: int, expected: tuple[Phase, Verdict, str]
) -> None:
    def breaks(envelope: Envelope) -> bool:
        broken = Breaking(fileno=session._wire._socket.detach())
        broken.room = len(envelope.data) + len(".\r\n") - missing
        session._wire._socket = broken
        return True

    with SmtpDouble() as double:
        session = connect(account_for(double))
        first, second = send_all(session, *THREE, mark=breaks)

    assert facts(first) == expected
    assert facts(second) == NOT_BEGUN
    assert not session.usable()


def test_over_tls_a_record_with_the_dot_that_fails_leaves_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: Envelope) -> bool:
        monkeypatch.setattr(ssl.SSLSocket, "send", Mock(side_effect=ssl.SSLEOFError(8, "EOF occurred")))
        return True

    with SmtpDouble(security="starttls") as double:
        session = connect(account_for(double, accept_timeout=0.1))
        first, second = send_all(session, *THREE, mark=breaks)

    assert facts(first) == (Phase.DOT, Verdict.UNKNOWN, "no_answer")
    assert facts(second) == NOT_BEGUN
