"""Faults 12 to 23: what a server has against the sender, the pace or the person, told apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Phase, Verdict
from edupulse.mail.providers import EMAILIT, GENERIC, QQ, Provider
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import close, on, reply, usual_saying
from tests.mail.smtp_client import account_for, mail, message_id, said_to, send_as_a_row, send_one

pytestmark = pytest.mark.timeout(10)


@pytest.fixture(params=["alone", "in_a_row"], autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in_a_row":
        send_as_a_row(monkeypatch)


@pytest.mark.parametrize(
    ("step", "answer", "provider", "verdict", "retry_after"),
    [
        pytest.param(
            "mail", "550 5.7.1 not your address", GENERIC, Verdict.SENDER, None, id="row_12_mail_from_550"
        ),
        pytest.param(
            "mail", "553 5.1.8 not allowed", GENERIC, Verdict.SENDER, None, id="row_12_mail_from_553"
        ),
        pytest.param("mail", "452 4.4.5 rate", EMAILIT, Verdict.PACE, 1, id="row_13_per_second"),
        pytest.param("mail", "452 4.5.3 daily limit", EMAILIT, Verdict.QUOTA, 3600, id="row_13_daily"),
        pytest.param(
            "rcpt", "550 5.1.1 unknown", GENERIC, Verdict.RECIPIENT_PERMANENT, None, id="row_14_unknown"
        ),
        pytest.param(
            "rcpt", "450 4.7.1 Greylisted", GENERIC, Verdict.RECIPIENT_TEMPORARY, 300, id="row_15_greylist"
        ),
        pytest.param("rcpt", "452 4.2.2 full", GENERIC, Verdict.RECIPIENT_TEMPORARY, None, id="row_16_full"),
        pytest.param("rcpt", "550 Domain frequency limited", QQ, Verdict.PACE, 600, id="row_17_qq_frequency"),
        pytest.param(
            "rcpt", "550 Domain frequency limited", GENERIC, Verdict.PACE, 600, id="row_17_anywhere"
        ),
    ],
)
def test_a_refusal_before_data_has_its_meaning_and_leaves_the_session_clean(
    step: str, answer: str, provider: Provider, verdict: Verdict, retry_after: float | None
) -> None:
    with (
        SmtpDouble(on(step, reply(answer), times=1)) as double,
        connect(account_for(double, provider=provider)) as session,
    ):
        refused, following = session.send(mail(1)), session.send(mail(2, to="ben@example.org"))

    assert (refused.phase, refused.verdict, refused.retry_after) == (Phase(step), verdict, retry_after)
    assert refused.code == int(answer[:3])
    assert following.sent
    assert double.copies(message_id(1), "ann@example.org") == 0
    assert len(double.connections) == 1


def test_row_14_only_the_unknown_person_is_refused() -> None:
    unknown = on("rcpt", reply("550 5.1.1 no such user"), recipient="gone@example.org")
    with SmtpDouble(unknown) as double, connect(account_for(double)) as session:
        outcomes = [
            session.send(mail(n, to=to)) for n, to in enumerate(("a@x.org", "gone@example.org", "b@x.org"))
        ]

    assert [each.sent for each in outcomes] == [True, False, True]
    assert [each.recipient for each in double.accepted] == ["a@x.org", "b@x.org"]


def test_row_15_greylisted_then_sent_once() -> None:
    with SmtpDouble(on("rcpt", reply("450 4.2.0 Greylisted, try again in 90 seconds"), times=1)) as double:
        first, second = send_one(double), send_one(double)

    assert first.retry_after == 90
    assert second.sent
    assert double.copies(message_id(), "ann@example.org") == 1


@pytest.mark.parametrize("answer", ["251 2.1.5 will forward", "252 2.1.5 cannot verify, will try"])
def test_row_18_a_recipient_accepted_with_a_remark_is_accepted(answer: str) -> None:
    with SmtpDouble(on("rcpt", usual_saying(answer))) as double:
        outcome = send_one(double)

    assert outcome.sent


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        pytest.param("mail", "503 5.5.1 nested MAIL command", id="row_19_nested_mail"),
        pytest.param("rcpt", "503 5.5.1 MAIL first", id="row_19_rcpt_first"),
    ],
)
def test_out_of_step_drops_the_session_and_the_mail_goes_over_a_new_one(step: str, answer: str) -> None:
    with SmtpDouble(on(step, reply(answer), times=1)) as double:
        session = connect(account_for(double))
        outcome = session.send(mail())
        again = send_one(double)

    assert (outcome.verdict, outcome.charged) == (Verdict.PROTOCOL, False)
    assert not session.usable()
    assert again.sent
    assert double.copies(message_id(), "ann@example.org") == 1


@pytest.mark.parametrize(
    "step", [pytest.param(step, id=f"row_20_421_at_{step}") for step in ("mail", "rcpt", "data")]
)
def test_a_421_and_a_hang_up_before_data_leave_the_mail_surely_unsent(step: str) -> None:
    with SmtpDouble(on(step, reply("421 4.3.0 closing"), close, mail=2)) as double:
        session = connect(account_for(double))
        first, second = session.send(mail(1)), session.send(mail(2))
        again = send_one(double, mail(2))

    assert first.sent
    assert (second.phase, second.verdict, second.charged) == (Phase(step), Verdict.SESSION_LIMIT, False)
    assert not session.usable()
    assert again.sent
    assert double.copies(message_id(2), "ann@example.org") == 1


def test_a_session_that_is_spent_before_its_first_mail_asks_for_a_pause() -> None:
    with SmtpDouble(on("mail", reply("421 4.3.0 closing"), close)) as double:
        outcome = send_one(double)

    assert (outcome.verdict, outcome.retry_after) == (Verdict.SESSION_LIMIT, 10)


def test_row_21_a_mail_larger_than_offered_is_not_even_begun() -> None:
    with SmtpDouble(offers=("SIZE 1000",)) as double:
        outcome = send_one(double, mail(body=b"x" * 1000))

    assert (outcome.verdict, outcome.cause, outcome.code) == (Verdict.CONTENT, "too_large", None)
    assert "MAIL" not in said_to(double)


def test_row_21_a_552_at_mail_from_is_the_mails_fault() -> None:
    with SmtpDouble(on("mail", reply("552 5.3.4 message too big"))) as double:
        outcome = send_one(double)

    assert (outcome.phase, outcome.verdict, outcome.cause) == (Phase.MAIL, Verdict.CONTENT, "too_large")


def test_the_size_is_announced_where_the_server_reads_it() -> None:
    with SmtpDouble(offers=("SIZE",)) as double:
        send_one(double, envelope := mail())

    assert f"MAIL FROM:<office@school.example> SIZE={len(envelope.data)}" in double.connections[0].commands


@pytest.mark.parametrize(
    "envelope",
    [
        pytest.param(replace(mail(), rcpt_to="张伟@example.org"), id="row_22_recipient"),
        pytest.param(replace(mail(), mail_from="zoë@school.example"), id="row_22_sender"),
        pytest.param(replace(mail(), smtputf8=True), id="row_22_header"),
    ],
)
def test_without_smtputf8_a_non_ascii_mailbox_is_refused_locally(envelope: Envelope) -> None:
    with SmtpDouble(offers=("8BITMIME",)) as double:
        outcome = send_one(double, envelope)

    assert (outcome.verdict, outcome.cause) == (Verdict.LOCAL_REFUSAL, "needs_smtputf8")
    assert "MAIL" not in said_to(double)


def test_row_22_with_smtputf8_a_non_ascii_mailbox_gets_its_mail() -> None:
    with SmtpDouble() as double:
        outcome = send_one(double, mail(to="张伟@example.org"))

    assert outcome.sent
    assert double.accepted[0].recipient == "张伟@example.org"
    assert double.connections[0].commands[1].endswith(" SMTPUTF8")


def test_row_23_without_8bitmime_the_caller_is_told_and_no_8bit_mail_goes_out() -> None:
    with SmtpDouble(offers=("SIZE 1000000",)) as double, connect(account_for(double)) as session:
        refused = session.send(mail(body="课程\r\n".encode()))
        sent = session.send(mail(body=b"=E8=AF=BE\r\n"))

        assert not session.offers_8bit
    assert (refused.verdict, refused.cause) == (Verdict.LOCAL_REFUSAL, "needs_7bit")
    assert sent.sent


def test_row_23_with_8bitmime_the_body_is_announced_as_8bit() -> None:
    with SmtpDouble() as double:
        outcome = send_one(double, mail(body="课程\r\n".encode()))

    assert outcome.sent
    assert " BODY=8BITMIME" in double.connections[0].commands[1]
    assert double.accepted[0].data.endswith("课程\r\n".encode())


@pytest.mark.parametrize(
    "address",
    [
        "ann@example.org>\r\nRCPT TO:<eve@example.org",
        "ann@example.org\nDATA",
        "ann\x00@example.org",
        "ann@example.org> SIZE=1",
        "ann and ben@example.org",
        "nobody",
        "",
        "a" * 250 + "@example.org",
    ],
)
def test_an_address_that_would_break_the_command_never_reaches_the_server(address: str) -> None:
    with SmtpDouble() as double:
        to = send_one(double, mail(to=address))
        sender = send_one(double, replace(mail(), mail_from=address or "nobody"))

    assert {to.verdict, sender.verdict} == {Verdict.LOCAL_REFUSAL}
    assert {to.cause, sender.cause} == {"bad_address"}
    assert "MAIL" not in said_to(double)
    assert double.accepted == []


def test_an_empty_sender_is_the_null_path() -> None:
    with SmtpDouble() as double:
        outcome = send_one(double, replace(mail(), mail_from=""))

    assert outcome.sent
    assert double.accepted[0].mail_from == ""


def test_asking_for_the_sender_sends_nothing_and_leaves_the_session_clean() -> None:
    with SmtpDouble() as double, connect(account_for(double)) as session:
        asked, sent = session.check_sender("office@school.example"), session.send(mail())

    assert asked.cause == "sender_accepted"
    assert sent.sent
    assert len(double.accepted) == 1
