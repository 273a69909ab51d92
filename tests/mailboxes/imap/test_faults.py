"""Servers that misbehave: each ends in its time, as an error that says what it is, and with no wrong mail."""

from __future__ import annotations

import io
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from edupulse.mailboxes.imap.errors import ImapFailure
from edupulse.mailboxes.imap.session import Session, connect
from edupulse.secret import Secret
from tests.doubles.imap_double import (
    Action,
    ImapDouble,
    Rule,
    answer,
    close,
    drip,
    lie,
    on,
    raw,
    reset,
    stall,
    tell,
    usual,
)
from tests.mailboxes.imap.accounts import QUICK, at_double

MAIL = {uid: b"Subject: %d\r\n\r\nhello %d\r\n" % (uid, uid) for uid in range(1, 7)}


def poll(double: ImapDouble, **more: Any) -> list[bytes]:
    """Read all of the double's folder in batches of two."""
    with connect(at_double(double, **more)) as session:
        uids = session.look("INBOX").uids
        session.sizes(uids)
        batches = [uids[start : start + 2] for start in range(0, len(uids), 2)]
        return [each.data for batch in session.fetch(batches) for each in batch]


def failure_of(*rules: Rule, timing: dict[str, Any] | None = None, **settings: Any) -> ImapFailure:
    """Poll a double that misbehaves and return the failure."""
    with ImapDouble(*rules, messages=MAIL, **settings) as double, pytest.raises(ImapFailure) as failure:
        poll(double, **(timing or {}))
    return failure.value


@contextmanager
def reading(*rules: Rule, **more: Any) -> Iterator[Session]:
    """Yield a session in which the double's folder is open."""
    double = ImapDouble(*rules, messages=MAIL)
    with double, connect(at_double(double, **more)) as session:
        session.examine("INBOX")
        yield session


STEPS = ["greeting", "login", "id", "examine", "uid search", "uid fetch"]
_DRIP = drip(b"* OK " * 99, 0.02)
GARBAGE = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0\xff\xfe\r\n", b"+ what?\r\n", b"* \r\n", b"E99 OK\r\n"]


@pytest.mark.parametrize(
    ("at", "act"),
    [*((at, stall) for at in STEPS), *((at, _DRIP) for at in ("greeting", "login", "uid fetch"))],
)
def test_a_server_that_is_silent_or_drips_is_left_in_time(at: str, act: Action) -> None:
    failure = failure_of(on(at, act), timing=QUICK)

    assert (failure.kind, failure.cause) == ("network", "timeout")


@pytest.mark.parametrize("at", STEPS)
@pytest.mark.parametrize("act", [close, reset])
def test_a_server_that_hangs_up_is_a_network_failure(at: str, act: Action) -> None:
    failure = failure_of(on(at, act))

    assert (failure.kind, failure.cause) == ("network", "closed")


@pytest.mark.parametrize("at", STEPS)
def test_a_server_that_says_bye_is_told_by_its_own_words(at: str) -> None:
    failure = failure_of(on(at, tell("BYE going down for maintenance"), stall))

    assert (failure.kind, failure.cause) == ("network", "bye")
    assert "going down for maintenance" in failure.message


@pytest.mark.parametrize(
    ("at", "garbage"), [*((at, GARBAGE[0]) for at in STEPS), *(("uid fetch", each) for each in GARBAGE[1:])]
)
def test_what_is_no_imap_is_a_protocol_failure(at: str, garbage: bytes) -> None:
    failure = failure_of(on(at, raw(garbage)))

    assert (failure.kind, failure.cause) == ("protocol", "garbled")


@pytest.mark.parametrize("by", [-3, 1, 7, 40, 4000])
def test_a_wrong_literal_length_never_becomes_a_message(by: int) -> None:
    got: list[bytes] = []
    with reading(on("uid fetch", lie(by), close)) as session, pytest.raises(ImapFailure) as failure:
        for batch in session.fetch([[1, 2]]):
            got += [each.data for each in batch]

    assert failure.value.cause in ("garbled", "closed")
    assert got == []


def test_what_was_read_before_a_fault_is_already_with_the_caller() -> None:
    got: list[bytes] = []
    rules = (on("uid fetch", usual, times=2), on("uid fetch", stall))

    with reading(*rules, **QUICK) as session, pytest.raises(ImapFailure):
        for batch in session.fetch([[uid] for uid in MAIL]):
            got += [each.data for each in batch]

    assert got == [MAIL[1], MAIL[2]]


def test_a_fetch_that_drips_ends_and_one_that_is_only_slow_does_not() -> None:
    line = b"* 1 FETCH (UID 1 BODY[] {9000}\r\n"
    slow = [each for _ in range(9) for each in (raw(b"x" * 1000), _pause)]

    rule = on("uid fetch", raw(line), *slow, raw(b")\r\n"), answer("OK done"))
    with reading(rule, read_timeout=0.4) as session:
        [[fetched]] = session.fetch([[1]])

    assert len(fetched.data) == 9000


def test_the_total_time_ends_a_server_that_never_stops_talking() -> None:
    with (
        ImapDouble(on("uid search", _chatter), messages=MAIL) as double,
        pytest.raises(ImapFailure) as failure,
    ):
        poll(double, total=0.4)

    assert failure.value.cause == "timeout"


def test_a_session_that_is_given_more_time_has_it() -> None:
    slow = on("uid search", *[_pause] * 8, usual)

    with reading(slow, total=0.4) as session:
        session.extend(20)

        assert len(session.all_uids()) == 6


def test_a_server_that_stalls_in_the_tls_handshake_is_left_in_time() -> None:
    with ImapDouble(on("greeting", stall)) as double, pytest.raises(ImapFailure) as failure:
        connect(at_double(double, **QUICK, security="tls"))

    assert (failure.value.kind, failure.value.step, failure.value.cause) == ("network", "tls", "timeout")


def test_a_certificate_that_nobody_vouches_for_is_a_setting() -> None:
    with ImapDouble(security="tls") as double:
        double.faults.clear()
        with pytest.raises(ImapFailure) as failure:
            connect(at_double(double, ca_file=None))
        double._threads[-1].join(5)
        double.faults = [each for each in double.faults if not isinstance(each, ssl.SSLError)]

    assert (failure.value.kind, failure.value.cause) == ("setting", "certificate")


def test_words_before_starttls_are_never_taken_for_words_under_it() -> None:
    rules = (on("starttls", answer("OK go ahead\r\n* OK [CAPABILITY IMAP4rev1] injected")),)
    with (
        ImapDouble(*rules, capabilities="IMAP4rev1 STARTTLS") as double,
        pytest.raises(ImapFailure) as failure,
    ):
        connect(at_double(double, security="starttls"))

    assert (failure.value.kind, failure.value.cause) == ("protocol", "tls_injected")


@pytest.mark.parametrize("greeting", [b"* OK [CAPABILITY IMAP4rev1] hello\r\n", b"* PREAUTH hello\r\n"])
def test_nothing_is_said_in_clear_where_starttls_is_asked_for_and_missing(greeting: bytes) -> None:
    with ImapDouble(on("greeting", raw(greeting))) as double, pytest.raises(ImapFailure):
        connect(at_double(double, security="starttls"))

    assert not any("wordpass" in each for each in double.commands)


def test_the_last_message_that_a_range_beyond_it_names_is_not_new() -> None:
    with ImapDouble(messages=MAIL) as double, connect(at_double(double)) as session:
        look = session.look("INBOX", uidvalidity=7, after=6)

    assert "UID SEARCH UID 7:*" in double.commands
    assert look.uids == []


def test_a_server_that_ignores_what_is_searched_for_gives_no_old_message() -> None:
    with ImapDouble(messages=MAIL, ignores_search=True) as double, connect(at_double(double)) as session:
        assert session.look("INBOX", uidvalidity=7, after=4).uids == [5, 6]
        assert session.present([2, 3, 99]) == {2, 3}


def test_a_server_that_asks_who_we_are_is_told_before_any_folder() -> None:
    with ImapDouble(messages=MAIL, needs_id=True) as double:
        assert len(poll(double)) == 6

    verbs = [each.split(" ")[0] for each in double.commands]
    assert verbs.index("ID") < verbs.index("EXAMINE")


def test_an_unsafe_login_is_a_matter_of_permission() -> None:
    failure = failure_of(needs_id=True, capabilities="IMAP4rev1")

    assert (failure.kind, failure.step) == ("permission", "select")
    assert "kefu@188.com" in failure.message


def test_an_error_in_gbk_is_read_and_classed() -> None:
    failure = failure_of(on("login", answer("NO 登录失败，请使用授权码登录".encode("gbk"))))

    assert (failure.kind, failure.step) == ("auth", "login")
    assert "请使用授权码登录" in failure.message


def test_a_server_that_repeats_our_password_does_not_bring_it_into_the_error() -> None:
    failure = failure_of(on("login", answer('NO rejected: LOGIN "office" "wordpass"')))

    assert "wordpass" not in repr(failure) + str(failure)
    assert "***" in failure.message


def test_unsolicited_news_between_the_answers_is_no_message() -> None:
    news = tell(
        "7 EXISTS",
        "3 EXPUNGE",
        "2 FETCH (FLAGS (\\Seen) UID 2)",
        "NO [ALERT] disk nearly full",
        "OK still here",
    )

    with ImapDouble(on("uid fetch", news, raw(b"\r\n"), usual, news), messages=MAIL) as double:
        assert poll(double) == list(MAIL.values())


@pytest.mark.parametrize(
    ("body", "data"),
    [
        (b'"a \\"quoted\\" \\\\ body"', b'a "quoted" \\ body'),
        (b"NIL", b""),
        (b'""', b""),
        (b"{2+}\r\nab", b"ab"),
    ],
)
def test_a_body_may_be_quoted_nil_or_literal(body: bytes, data: bytes) -> None:
    told = raw(b"* 1 FETCH (BODY[] " + body + b' INTERNALDATE "nonsense" UID 1 FLAGS ())\r\n')

    file = io.BytesIO()
    with reading(on("uid fetch", told, answer("OK done"))) as session:
        [[fetched]] = session.fetch([[1]])
        session.fetch_to(1, 10, file)

    assert (fetched.data, fetched.internal_date, file.getvalue()) == (data, None, data)


def test_a_batch_that_the_server_cannot_give_is_a_failure_and_not_an_empty_one() -> None:
    rule = on("uid fetch", answer("NO [SERVERBUG] cannot"))
    with reading(rule) as session, pytest.raises(ImapFailure) as failure:
        list(session.fetch([[1, 2]]))

    assert (failure.value.kind, failure.value.step, failure.value.cause) == ("protocol", "fetch", "refused")


@pytest.mark.parametrize("at", [2, 3])
def test_a_message_that_the_server_has_and_does_not_give_is_named_and_not_passed_over(at: int) -> None:
    rules = (on("uid fetch", usual, times=at - 1), on("uid fetch", answer("OK done"), times=1))
    got: list[int] = []

    with reading(*rules) as session, pytest.raises(ImapFailure) as failure:
        for batch in session.fetch([[uid] for uid in MAIL]):
            got += [each.uid for each in batch]

    assert (failure.value.cause, failure.value.uids, got) == ("withheld", (at,), list(range(1, at)))


def test_what_has_vanished_is_left_out_and_the_batches_behind_it_come_in_their_order() -> None:
    rules = (on("uid fetch", usual, times=1), on("uid fetch", _lose_the_second, usual, times=1))

    with reading(*rules) as session:
        batches = [[each.uid for each in batch] for batch in session.fetch([[uid] for uid in MAIL])]

    assert batches == [[1], [], [3], [4], [5], [6]]


def test_sizes_are_for_all_that_is_there() -> None:
    with reading(on("uid fetch", answer("OK done"))) as session, pytest.raises(ImapFailure) as failure:
        session.sizes(MAIL)

    assert failure.value.uids == tuple(MAIL)


def test_more_than_fits_into_memory_is_refused_before_it_is_read() -> None:
    failure = failure_of(on("uid fetch", raw(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n")))

    assert (failure.kind, failure.cause) == ("protocol", "garbled")


def test_a_message_that_is_far_longer_than_announced_does_not_fill_the_disk() -> None:
    told = raw(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n" + b"x" * 2_000_000)

    with reading(on("uid fetch", told)) as session, pytest.raises(ImapFailure) as failure:
        session.fetch_to(1, 10, io.BytesIO())

    assert failure.value.cause == "garbled"


def test_copying_again_after_a_store_that_failed_does_not_multiply_the_copies() -> None:
    server = ImapDouble(messages=MAIL, capabilities="IMAP4rev1 UIDPLUS")
    with server as double, connect(at_double(double)) as session:
        session.select("INBOX")
        session.move([1, 2], "Done")
        server.messages |= {1: MAIL[1]}  # its expunge did not last
        session.move([1, 2], "Done")

    assert server.folders["Done"] == [MAIL[1], MAIL[2]]


@pytest.mark.parametrize(
    "capabilities", ["IMAP4rev1 AUTH=PLAIN LOGINDISABLED", "IMAP4rev1 AUTH=PLAIN SASL-IR LOGINDISABLED"]
)
def test_where_login_is_off_plain_is_used(capabilities: str) -> None:
    with ImapDouble(capabilities=capabilities) as double:
        connect(at_double(double)).close()

    assert double.commands[0].startswith("AUTHENTICATE PLAIN")
    assert "AG9mZmljZQB3b3JkcGFzcw==" in "".join(double.commands)


def test_a_password_that_login_cannot_carry_goes_by_plain() -> None:
    with ImapDouble() as double:
        connect(at_double(double, secret=Secret("pässword"))).close()

    assert double.commands[0] == "AUTHENTICATE PLAIN AG9mZmljZQBww6Rzc3dvcmQ="


def test_a_token_that_is_refused_says_so_and_is_not_shown() -> None:
    challenge = raw(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
    rules = (on("authenticate", challenge, _read_a_line, answer("NO [AUTHENTICATIONFAILED] invalid token")),)
    account = {"mechanism": "xoauth2", "secret": Secret("ya29.token")}

    with ImapDouble(*rules) as double, pytest.raises(ImapFailure) as failure:
        connect(at_double(double, **account))

    assert (failure.value.kind, double.commands[1]) == ("auth", "")
    assert "ya29" not in str(failure.value)


def test_an_idle_look_asks_all_its_questions_before_it_waits_for_an_answer() -> None:
    rule = on("id", _read_a_line, _read_a_line, close)

    with (
        ImapDouble(rule, messages=MAIL) as double,
        connect(at_double(double)) as session,
        pytest.raises(ImapFailure) as failure,
    ):
        session.look("INBOX", uidvalidity=7, after=6)

    assert failure.value.cause == "closed"
    assert double.commands[2:] == ['E3 EXAMINE "INBOX"', "E4 UID SEARCH UID 7:*"]


@pytest.mark.parametrize("pipelining", [True, False])
def test_only_a_server_that_drops_what_is_sent_ahead_must_be_asked_one_by_one(pipelining: bool) -> None:
    rules = [on(each, _drop_what_is_ahead, usual) for each in ("id", "examine", "uid fetch")]

    with ImapDouble(*rules, messages=MAIL) as double:
        if pipelining:
            with pytest.raises(ImapFailure):
                poll(double, **QUICK)
        else:
            assert len(poll(double, pipelining=False)) == 6


def _pause(c: Any) -> None:
    c.server.stopping.wait(0.06)


def _chatter(c: Any) -> None:
    while not c.server.stopping.is_set():
        c.say(b"* OK still here\r\n" * 1000)


def _read_a_line(c: Any) -> None:
    c.server.commands.append(c._reader.readline().decode().strip())


def _drop_what_is_ahead(c: Any) -> None:
    c.server.stopping.wait(0.05)  # until all of it is here
    c._reader = c.sock.makefile("rb")
    with suppress(BlockingIOError):
        c.sock.recv(65536, socket.MSG_DONTWAIT)


def _lose_the_second(c: Any) -> None:
    del c.server.messages[2]
