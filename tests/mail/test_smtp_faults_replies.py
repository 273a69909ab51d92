"""Faults 35 to 39: whatever a server says is read legibly and within bounds, or the line is given up."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.replies import MAX_TEXT
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import accept, drip, on, pour, raw, reply, usual, usual_saying, wait
from tests.mail.smtp_client import (
    account_for,
    failure_of,
    mail,
    message_id,
    said_to,
    send_as_a_row,
    send_one,
    until,
)

pytestmark = pytest.mark.timeout(10)


@pytest.fixture(params=["alone", "in_a_row"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in_a_row":
        send_as_a_row(monkeypatch)


MEGABYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("answer", "code", "enhanced", "text"),
    [
        pytest.param(
            (b"550-5.1.1 No such user,", b"550-5.1.1 please check", b"550 5.1.1 the address"),
            550, "5.1.1", "No such user, please check the address", id="row_35_several_lines",
        ),
        pytest.param((b"250-ok", b"550 5.1.1 not ok"), 550, "5.1.1", "ok not ok", id="row_35_mixed_codes"),
        pytest.param((b"550",), 550, "", "", id="row_35_no_text"),
        pytest.param((b"550 ",), 550, "", "", id="row_35_only_a_space"),
        pytest.param((b"550 no such mailbox",), 550, "", "no such mailbox", id="row_35_no_enhanced_code"),
        pytest.param((b"550 4.2.2 odd",), 550, "", "4.2.2 odd", id="row_35_enhanced_code_of_another_class"),
        pytest.param(("550 用户不存在".encode("gbk"),), 550, "", "用户不存在", id="row_35_gbk"),
        pytest.param(("550 5.1.1 用户不存在".encode(),), 550, "5.1.1", "用户不存在", id="row_35_utf8"),
        pytest.param((b"550 \x1b[31mred\x07",), 550, "", "[31mred", id="row_35_terminal_escapes"),
        pytest.param((b"550 " + b"x" * 5000,), 550, "", "x" * MAX_TEXT, id="row_35_long_text"),
    ],
)  # fmt: skip
def test_a_reply_is_parsed_and_kept_legibly(answer: Any, code: int, enhanced: str, text: str) -> None:
    with SmtpDouble(on("rcpt", reply(*answer))) as double:
        outcome = send_one(double)

    assert (outcome.code, outcome.enhanced, outcome.text.strip()) == (code, enhanced, text)


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(reply("hello there"), id="row_36_no_number"),
        pytest.param(reply(b"\x00\xff\xfe"), id="row_36_binary"),
        pytest.param(reply("1 ok"), id="row_36_one_digit"),
        pytest.param(reply("2500 ok"), id="row_36_four_digits"),
        pytest.param(reply("999 ok"), id="row_36_no_such_class"),
        pytest.param(reply(""), id="row_36_empty_line"),
        pytest.param(reply("250 " + "x" * 65536), id="row_36_64_kb_line"),
    ],
)
def test_what_is_no_reply_drops_the_session(step: str, garbage: Any) -> None:
    with SmtpDouble(on(step, garbage)) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert (outcome.phase, outcome.verdict, outcome.cause) == (Phase(step), Verdict.PROTOCOL, "garbled")
    assert outcome.surely_not_sent
    assert not session.usable()


@pytest.mark.parametrize("step", ["greeting", "ehlo"])
def test_row_36_garbage_before_the_login_is_given_up_too(step: str) -> None:
    with SmtpDouble(on(step, reply("hello there"))) as double:
        outcome = failure_of(account_for(double)).outcome

    assert (outcome.phase, outcome.verdict, outcome.cause) == (Phase.CONNECT, Verdict.PROTOCOL, "garbled")


@pytest.mark.parametrize(
    "flood",
    [
        pytest.param(pour(b"x" * MEGABYTE, times=20), id="row_36_endless_line"),
        pytest.param(pour(b"250-and so on\r\n" * 10_000, times=100), id="row_36_endless_continuation"),
    ],
)
def test_an_endless_reply_drops_the_session(flood: Any) -> None:
    with SmtpDouble(on("mail", flood)) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert (outcome.phase, outcome.verdict, outcome.cause) == (Phase.MAIL, Verdict.PROTOCOL, "garbled")
    assert not session.usable()


@pytest.mark.parametrize(
    ("farewell", "verdict"),
    [
        pytest.param("421 4.4.2 idle too long", Verdict.SESSION_LIMIT, id="row_37_unsolicited_421"),
        pytest.param("250 2.0.0 hello?", Verdict.PROTOCOL, id="row_37_unsolicited_250"),
    ],
)
def test_what_is_said_between_mails_is_noticed_before_the_next(farewell: str, verdict: Verdict) -> None:
    with SmtpDouble(on("dot", usual, wait(0.02), reply(farewell), mail=1)) as double:
        session = connect(account_for(double))
        first = session.send(mail(1))
        noticed = until(lambda: not session.usable())
        second = session.send(mail(2))

    assert first.sent
    assert noticed
    assert (second.phase, second.verdict, second.charged) == (Phase.MAIL, verdict, False)
    assert said_to(double).count("MAIL") == 1


@pytest.mark.parametrize(
    "step", [pytest.param(step, id=f"row_37_two_replies_to_{step}") for step in ("mail", "rcpt")]
)
def test_two_replies_to_one_command_drop_the_session_before_anything_is_sent(step: str) -> None:
    with SmtpDouble(on(step, usual_saying("250 2.0.0 ok\r\n250 2.0.0 ok"), times=1)) as double:
        outcome = connect(account_for(double)).send(mail())

    assert outcome.verdict is Verdict.PROTOCOL
    assert outcome.surely_not_sent
    assert double.accepted == []


def test_row_37_two_replies_to_data_never_count_as_an_acceptance() -> None:
    with SmtpDouble(on("data", usual_saying("354 go on\r\n250 2.0.0 accepted, says a liar"))) as double:
        marking = Mock(return_value=True)
        outcome = connect(account_for(double)).send(mail(), marking)

    assert outcome.surely_not_sent
    marking.assert_not_called()
    assert double.accepted == []


def test_row_37_two_answers_to_one_dot_that_disagree_mean_unknown() -> None:
    with SmtpDouble(on("dot", reply("250 2.0.0 ok", "554 5.6.0 no"))) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert outcome.verdict is Verdict.UNKNOWN
    assert not session.usable()


def test_a_farewell_right_behind_the_acceptance_leaves_no_doubt() -> None:
    with SmtpDouble(on("dot", accept, reply("250 2.0.0 ok", "421 4.7.0 no more from you"))) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert outcome.sent
    assert not session.usable()


@pytest.mark.parametrize("way", ["row_38_byte_by_byte", "row_38_in_one_piece"])
def test_a_reply_means_the_same_however_it_is_cut(way: str) -> None:
    answer = b"250-2.0.0 one\r\n250-two\r\n250 three\r\n"
    say = drip(answer, 0.001) if way == "row_38_byte_by_byte" else raw(answer)
    with SmtpDouble(on("dot", accept, say)) as double, connect(account_for(double)) as session:
        outcomes = [session.send(mail(number)) for number in (1, 2)]

    assert [each.sent for each in outcomes] == [True, True]
    assert [each.text for each in outcomes] == ["one two three"] * 2
    assert double.copies(message_id(2), "ann@example.org") == 1


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("data", "250 2.0.0 ok", id="row_39_250_to_data"),
        pytest.param("rcpt", "354 go ahead", id="row_39_354_to_rcpt"),
        pytest.param("mail", "220 welcome", id="row_39_220_to_mail"),
        pytest.param("mail", "235 2.7.0 welcome", id="row_39_235_to_mail"),
    ],
)
def test_an_answer_of_the_wrong_class_is_a_protocol_error(step: str, answer: str) -> None:
    with SmtpDouble(on(step, reply(answer))) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())

    assert (outcome.phase, outcome.verdict) == (Phase(step), Verdict.PROTOCOL)
    assert outcome.surely_not_sent
    assert not session.usable()
    assert double.accepted == []
