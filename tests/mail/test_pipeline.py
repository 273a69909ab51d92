"""Mails in a row: fetched when the line has room for them, one write each, and every one accounted for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import count, islice
from time import sleep
from typing import Any

import pytest

from edupulse.mail import lineup
from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Verdict
from edupulse.mail.providers import GENERIC
from edupulse.mail.smtp import connect
from edupulse.mail.wire import Wire
from tests.doubles.smtp_double import OFFERS, SmtpDouble
from tests.doubles.smtp_script import accept, close, on, reply, usual
from tests.mail.smtp_client import account_for, mail, message_id, said_to, send_all, until

pytestmark = pytest.mark.timeout(10)

WAYS = pytest.mark.parametrize(
    "offers", [pytest.param(OFFERS, id="in_a_row"), pytest.param(OFFERS[1:], id="one_by_one")]
)


class Pulled:
    """An endless row of mails that remembers which were fetched."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def __iter__(self) -> Iterator[Envelope]:
        for number in count(1):
            self.numbers.append(number)
            yield mail(number)


def yes(_: Envelope) -> bool:
    return True


def test_fifty_mails_in_a_row_cost_one_write_each(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[int] = []
    real = Wire._send
    monkeypatch.setattr(Wire, "_send", lambda *all_: (writes.append(1), real(*all_))[1])

    with SmtpDouble() as double, connect(account_for(double)) as session:
        writes.clear()
        outcomes = send_all(session, *(mail(number) for number in range(50)))
        written = len(writes)

        assert session.usable()
        assert session.mails == 50
    assert all(each.sent for each in outcomes)
    assert [each.message_id for each in double.accepted] == [message_id(number) for number in range(50)]
    assert written == 50 + 1  # the first envelope


@WAYS
def test_each_mail_is_marked_right_before_its_dot_and_after_the_outcome_of_the_one_before(
    offers: tuple[str, ...],
) -> None:
    story: list[str] = []

    def mark(envelope: Envelope) -> bool:
        story.append(f"mark {numbers[envelope]}, {len(double.accepted)} accepted")
        return True

    numbers = {mail(number): number for number in (1, 2, 3)}
    with SmtpDouble(offers=offers) as double, connect(account_for(double)) as session:
        for envelope, _ in session.send_each(numbers, mark):
            story.append(f"yield {numbers[envelope]}")

    assert story == [
        *("mark 1, 0 accepted", "yield 1"),
        *("mark 2, 1 accepted", "yield 2"),
        *("mark 3, 2 accepted", "yield 3"),
    ]


def test_one_mail_is_fetched_ahead_and_no_more() -> None:
    row = Pulled()
    with SmtpDouble() as double, connect(account_for(double)) as session:
        row_of_outcomes = session.send_each(row, yes)
        fetched = [(next(row_of_outcomes)[1].sent, len(row.numbers)) for _ in range(3)]

    assert fetched == [(True, 2), (True, 3), (True, 4)]


def test_without_pipelining_nothing_is_fetched_ahead() -> None:
    row = Pulled()
    with SmtpDouble(offers=OFFERS[1:]) as double, connect(account_for(double)) as session:
        row_of_outcomes = session.send_each(row, yes)
        fetched = [(next(row_of_outcomes)[1].sent, len(row.numbers)) for _ in range(3)]

    assert fetched == [(True, 1), (True, 2), (True, 3)]


@WAYS
def test_a_connection_takes_as_many_as_its_provider_allows_and_fetches_no_more(
    offers: tuple[str, ...],
) -> None:
    row = Pulled()
    provider = replace(GENERIC, mails_per_session=3)
    with SmtpDouble(offers=offers) as double, connect(account_for(double, provider=provider)) as session:
        outcomes = [outcome.sent for _, outcome in session.send_each(row, yes)]
        more = list(session.send_each(row, yes))

    assert (outcomes, more) == ([True] * 3, [])
    assert row.numbers == [1, 2, 3]
    assert said_to(double)[-1] == "QUIT"  # it was left clean


@WAYS
def test_a_connection_that_the_server_has_left_fetches_nothing(offers: tuple[str, ...]) -> None:
    row = Pulled()
    with SmtpDouble(on("dot", accept, reply("250 2.0.0 ok"), close), offers=offers) as double:
        session = connect(account_for(double))
        first = send_all(session, mail(100))
        session.drop()

        assert list(session.send_each(row, yes)) == []
    assert first[0].sent
    assert row.numbers == []


def test_runs_follow_each_other_over_one_connection() -> None:
    with SmtpDouble() as double, connect(account_for(double)) as session:
        runs = [send_all(session, *(mail(run * 10 + place) for place in range(3))) for run in range(4)]
        alone = session.send(mail(99))

    assert all(each.sent for run in runs for each in run)
    assert alone.sent
    assert len(double.connections) == 1
    assert said_to(double).count("RSET") == 0


def test_a_run_that_ends_with_a_refusal_leaves_the_connection_ready() -> None:
    refused = on("rcpt", reply("550 5.1.1 unknown"), mail=2)
    with SmtpDouble(refused) as double, connect(account_for(double)) as session:
        send_all(session, mail(1), mail(2))
        after = session.send(mail(3))

    assert after.sent
    assert said_to(double).count("RSET") == 1


def test_closing_with_a_mail_on_the_line_drops_it_unsent() -> None:
    with SmtpDouble() as double:
        session = connect(account_for(double))
        row = session.send_each(Pulled(), yes)
        first = next(row)[1]
        row.close()

        assert not session.usable()
    assert first.sent
    assert [each.message_id for each in double.accepted] == [message_id(1)]


def test_closing_with_nothing_on_the_line_keeps_the_connection() -> None:
    refused = on("rcpt", reply("550 5.1.1 unknown"), mail=1)
    with SmtpDouble(refused) as double, connect(account_for(double)) as session:
        row = session.send_each(Pulled(), yes)
        first = next(row)[1]
        row.close()
        after = session.send(mail(7))

    assert first.verdict is Verdict.RECIPIENT_PERMANENT
    assert after.sent
    assert [each.message_id for each in double.accepted] == [message_id(7)]


def test_a_mail_that_cannot_be_said_over_this_line_is_refused_in_its_place() -> None:
    row = [mail(1), mail(2, to="nobody"), mail(3), replace(mail(4), smtputf8=True), mail(5)]
    offers = ("PIPELINING", "8BITMIME", "SIZE 1000")
    with SmtpDouble(offers=offers) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *row, mail(6, body=b"x" * 1000))

    causes = ["accepted", "bad_address", "accepted", "needs_smtputf8", "accepted", "too_large"]
    assert [each.cause for each in outcomes] == causes
    assert [each.message_id for each in double.accepted] == [message_id(number) for number in (1, 3, 5)]


@WAYS
def test_a_source_that_fails_is_heard_of_when_the_mails_under_way_are_finished(
    offers: tuple[str, ...],
) -> None:
    def failing() -> Iterator[Envelope]:
        yield from (mail(1), mail(2))
        raise LookupError("no such letter")

    finished: list[bool] = []
    with (
        SmtpDouble(offers=offers) as double,
        connect(account_for(double)) as session,
        pytest.raises(LookupError, match="no such letter"),
    ):
        finished.extend(outcome.sent for _, outcome in session.send_each(failing(), yes))

    assert finished == [True, True]
    assert len(double.accepted) == 2


def test_an_error_while_marking_ends_the_line_and_is_not_hidden() -> None:
    def mark(envelope: Envelope) -> bool:
        if envelope == mail(2):
            raise OSError("disk full")
        return True

    finished: list[bool] = []
    with SmtpDouble() as double:
        session = connect(account_for(double))
        with pytest.raises(OSError, match="disk full"):
            finished.extend(outcome.sent for _, outcome in session.send_each(Pulled(), mark))

        assert not session.usable()
    assert finished == [True]
    assert [each.message_id for each in double.accepted] == [message_id(1)]


def test_a_signal_while_a_mail_is_fetched_ends_the_line_at_once() -> None:
    class Signal(BaseException):
        pass

    def interrupted() -> Iterator[Envelope]:
        yield from (mail(1), mail(2))
        raise Signal

    finished: list[bool] = []
    with SmtpDouble() as double:
        session = connect(account_for(double))
        with pytest.raises(Signal):
            finished.extend(outcome.sent for _, outcome in session.send_each(interrupted(), yes))

        assert not session.usable()
    assert finished == [True]
    assert [each.message_id for each in double.accepted] == [message_id(1)]


def test_nothing_is_fetched_ahead_from_a_slow_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly() -> Iterator[Envelope]:
        for number in range(1, 6):
            fetched.append(number)
            sleep(0.01 if number in (2, 3) else 0)
            yield mail(number)

    fetched: list[int] = []
    monkeypatch.setattr(lineup, "_SLOW_SOURCE", 0.008)
    with SmtpDouble() as double, connect(account_for(double)) as session:
        ahead = [len(fetched) - place for place, _ in enumerate(session.send_each(slowly(), yes), start=1)]

    # The second is slow to come, so the third is not fetched ahead; the fourth is quick again, and so is the fifth.
    assert ahead == [1, 0, 0, 1, 0]
    assert len(double.accepted) == 5


@WAYS
def test_a_new_connection_that_was_dropped_fetches_nothing(offers: tuple[str, ...]) -> None:
    row = Pulled()
    with SmtpDouble(offers=offers) as double:
        session = connect(account_for(double))
        session.drop()

        assert list(session.send_each(row, yes)) == []
    assert row.numbers == []


@WAYS
def test_a_session_that_grows_too_old_ends_between_two_mails(offers: tuple[str, ...]) -> None:
    row = Pulled()
    of_no_age = replace(GENERIC, session_age=0.0)
    with (
        SmtpDouble(offers=offers) as double,
        connect(account_for(double, provider=of_no_age)) as session,
    ):
        outcomes = [outcome.sent for _, outcome in session.send_each(row, yes)]

        assert not session.usable()
    assert (outcomes, row.numbers) == ([True], [1])


@WAYS
def test_a_new_connection_that_the_server_has_left_says_so_with_its_first_mail(
    offers: tuple[str, ...],
) -> None:
    row = Pulled()
    with SmtpDouble(on("ehlo", usual, close), offers=offers) as double:
        session = connect(account_for(double))
        assert until(lambda: not session._wire.silent())
        outcomes = [outcome.verdict for _, outcome in session.send_each(row, yes)]

    assert outcomes == [Verdict.UNREACHABLE]
    assert row.numbers == [1]


def test_only_accepted_mails_count() -> None:
    refused = on("dot", reply("554 5.6.0 no"), when=lambda c: c.mails % 2 == 0)
    with SmtpDouble(refused) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, *islice(map(partial(mail), count(1)), 7))

        assert session.mails == 4
    assert [each.sent for each in outcomes] == [True, False] * 3 + [True]


@pytest.mark.parametrize("allowed", [True, False])
def test_a_server_that_is_known_to_break_pipelining_is_not_asked_for_it(allowed: bool) -> None:
    with SmtpDouble() as double, connect(account_for(double, pipelining=allowed)) as session:
        assert session.pipelining is allowed


def test_what_the_server_answered_is_kept_with_each_mail() -> None:
    def number(c: Any) -> bool:
        c.instead = f"250 2.6.0 Ok: queued as {c.mails:05d}\r\n".encode()
        return False

    with SmtpDouble(on("dot", when=number)) as double, connect(account_for(double)) as session:
        outcomes = send_all(session, mail(1), mail(2), mail(3))

    assert [(each.code, each.enhanced, each.text) for each in outcomes] == [
        (250, "2.6.0", f"Ok: queued as 0000{place}") for place in (1, 2, 3)
    ]
    assert {each.server for each in outcomes} == {f"{double.host}:{double.port}"}
