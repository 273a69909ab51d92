"""The capturing mail server, spoken to by a real client and by a rude one."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from edupulse.embedded import mailbox, smtp_server
from edupulse.embedded.mishaps import Mishaps
from edupulse.embedded.ports import free_port, is_listening
from tests.embedded.processes import wait_until

MISHAPS = Mishaps(nobody="nobody@school.example", busy="busy@school.example", lost="lost@school.example")


class Running:
    """The server in a thread of the test's own process."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port("127.0.0.1")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> Running:
        self._thread.start()
        wait_until(lambda: is_listening("127.0.0.1", self.port))
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def _run(self) -> None:
        self._ended = asyncio.Event()
        work = smtp_server.serve("127.0.0.1", self.port, self.folder, self._ended, MISHAPS)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(work)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path / "mailbox").start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Running) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as smtp:
        yield smtp


@pytest.fixture
def wire(server: Running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        assert connection.recv(200).startswith(b"220 ")
        yield connection


def ask(wire: socket.socket, line: bytes) -> bytes:
    wire.sendall(line)
    return wire.recv(2000)


def read_to_end(wire: socket.socket) -> bytes:
    return b"".join(iter(lambda: wire.recv(4000), b""))


def mail(body: str = "Hello") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "school@school.example", "li@school.example"
    message["Message-ID"], message["Subject"] = "<a@school.example>", "Lesson"
    message.set_content(body)
    return message


def test_an_accepted_mail_is_in_the_box(server: Running, client: smtplib.SMTP) -> None:
    client.send_message(mail())

    assert mailbox.arrived(server.folder, "<a@school.example>")
    (entry,) = mailbox.captured(server.folder)
    assert (entry.sender, entry.recipients) == ("school@school.example", ["li@school.example"])


def test_lines_that_begin_with_a_dot_arrive_whole(server: Running, client: smtplib.SMTP) -> None:
    client.send_message(mail(".\n..two\n.end"))

    path = mailbox.arrived(server.folder, "<a@school.example>")
    assert path is not None
    assert b"\r\n.\r\n..two\r\n.end\r\n" in path.read_bytes()


def test_one_connection_carries_many_mails(server: Running, client: smtplib.SMTP) -> None:
    for _ in range(3):
        client.send_message(mail())

    assert mailbox.copies(server.folder, "<a@school.example>") == 3


def test_an_address_beyond_ascii_is_taken_with_smtputf8(server: Running, client: smtplib.SMTP) -> None:
    client.sendmail("school@school.example", ["李@學校.example"], b"\r\n", mail_options=["SMTPUTF8"])

    (entry,) = mailbox.captured(server.folder)
    assert entry.recipients == ["李@學校.example"]


def test_an_address_beyond_ascii_is_refused_without_smtputf8(wire: socket.socket) -> None:
    ask(wire, b"EHLO me\r\n")
    ask(wire, b"MAIL FROM:<a@school.example>\r\n")

    assert ask(wire, "RCPT TO:<李@school.example>\r\n".encode()).startswith(b"553")


def test_commands_may_come_all_at_once(server: Running, wire: socket.socket) -> None:
    commands = (b"EHLO me", b"MAIL FROM:<a@school.example>", b"RCPT TO:<b@school.example>", b"DATA")

    wire.sendall(b"\r\n".join([*commands, b"", b"hi", b".", b"QUIT", b""]))

    answered = read_to_end(wire)
    assert [line[:3] for line in answered.splitlines()[-5:]] == [b"250", b"250", b"354", b"250", b"221"]


def test_a_lone_line_feed_does_not_end_a_mail(server: Running, wire: socket.socket) -> None:
    ask(wire, b"EHLO me\r\n")
    ask(wire, b"MAIL FROM:<a@school.example>\r\n")
    ask(wire, b"RCPT TO:<b@school.example>\r\n")
    ask(wire, b"DATA\r\n")

    ask(wire, b"one\n.\nMAIL FROM:<smuggled@school.example>\r\n.\r\n")

    (entry,) = mailbox.captured(server.folder)
    assert b"smuggled" in (server.folder / entry.file).read_bytes()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"MAIL FROM:<a@school.example>\r\n", b"503"),
        (b"RCPT TO:<a@school.example>\r\n", b"503"),
        (b"DATA\r\n", b"503"),
        (b"NONSENSE\r\n", b"500"),
        (b"\r\n", b"500"),
        (b"\xff\xfe\r\n", b"500"),
        (b"NOOP " + b"x" * 5000 + b"\r\n", b"500"),
        (b"RSET\r\n", b"250"),
        (b"VRFY li\r\n", b"252"),
    ],
)
def test_a_line_out_of_place_gets_an_answer_and_no_more(
    wire: socket.socket, line: bytes, code: bytes
) -> None:
    assert ask(wire, line).startswith(code)
    assert ask(wire, b"NOOP\r\n").startswith(b"250")


@pytest.mark.parametrize("line", [b"MAIL school@school.example\r\n", b"MAIL FROM:school@school.example\r\n"])
def test_a_sender_without_brackets_is_refused(wire: socket.socket, line: bytes) -> None:
    ask(wire, b"EHLO me\r\n")

    assert ask(wire, line).startswith(b"501")


def test_a_mail_that_says_it_is_too_large_is_refused_at_once(wire: socket.socket) -> None:
    ask(wire, b"EHLO me\r\n")

    assert ask(wire, b"MAIL FROM:<a@school.example> SIZE=99999999999\r\n").startswith(b"552")


def test_a_mail_that_is_too_large_is_refused_and_not_kept(
    server: Running, wire: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_server, "MAX_BYTES", 100)
    ask(wire, b"EHLO me\r\n")
    ask(wire, b"MAIL FROM:<a@school.example>\r\n")
    ask(wire, b"RCPT TO:<b@school.example>\r\n")
    ask(wire, b"DATA\r\n")

    assert ask(wire, b"x\r\n" * 100 + b".\r\n").startswith(b"552")
    assert list(mailbox.captured(server.folder)) == []


def test_a_client_that_only_makes_errors_is_sent_away(wire: socket.socket) -> None:
    answers = [ask(wire, b"NONSENSE\r\n") for _ in range(smtp_server.MAX_ERRORS)]

    wire.sendall(b"NONSENSE\r\n")
    assert read_to_end(wire).endswith(b"421 4.7.0 too many errors, goodbye\r\n")
    assert all(answer.startswith(b"500") for answer in answers)


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing_behind(server: Running) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as wire:
        wire.recv(200)
        ask(wire, b"EHLO me\r\n")
        ask(wire, b"MAIL FROM:<a@school.example>\r\n")
        ask(wire, b"RCPT TO:<b@school.example>\r\n")
        ask(wire, b"DATA\r\n")
        wire.sendall(b"half a mail")

    with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
        client.send_message(mail())

    assert len(list(mailbox.captured(server.folder))) == 1


def test_a_full_disk_is_said_as_try_later(
    server: Running, client: smtplib.SMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **facts: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(smtp_server, "store", full)

    with pytest.raises(smtplib.SMTPDataError) as refused:
        client.send_message(mail())

    assert refused.value.smtp_code == 452


def test_who_has_no_mailbox_is_refused_each_time(server: Running, client: smtplib.SMTP) -> None:
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.send_message(mail(), to_addrs=[MISHAPS.nobody])

        assert refused.value.recipients[MISHAPS.nobody][0] == 550


def test_who_is_busy_is_refused_once_and_told_when_to_come_again(
    server: Running, client: smtplib.SMTP
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        client.send_message(mail(), to_addrs=["busy@school.example"])
    client.send_message(mail(), to_addrs=["busy@school.example"])

    assert refused.value.recipients["busy@school.example"][0] == 450
    assert b"try again in 5 seconds" in refused.value.recipients["busy@school.example"][1]
    assert mailbox.copies(server.folder, "<a@school.example>") == 1


def test_a_lost_answer_is_a_mail_that_arrived_without_anybody_knowing(
    server: Running, client: smtplib.SMTP
) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(mail(), to_addrs=[MISHAPS.lost])

    assert mailbox.copies(server.folder, "<a@school.example>") == 1


def test_each_mishap_is_told_to_the_server_s_own_process() -> None:
    assert Mishaps(nobody="a@x", lost="b@x").arguments() == ("--nobody", "a@x", "--lost", "b@x")
