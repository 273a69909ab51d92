"""The demo's IMAP server, spoken to by a real client."""

from __future__ import annotations

import asyncio
import imaplib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edupulse.embedded.imap_server import Server, put
from edupulse.embedded.ports import free_port, is_listening
from tests.embedded.processes import wait_until

USER, PASSWORD = "office@school.example", "made at the start"
# Bytes that a server might be tempted to mend.
ODD = b"Subject: =?utf-8?b?5rWL6K+V?=\r\nX-Odd:  two  blanks \r\n\tfolded\r\n\r\nBody \xff\xfe\r\n.\r\n\r\nend\r\n"


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
        work = Server("127.0.0.1", self.port, USER, PASSWORD, self.folder).serve(self._ended)
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(work)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    put(tmp_path, ODD, name="1")
    running = Running(tmp_path).start()
    yield running
    running.stop()


@pytest.fixture
def client(server: Running) -> Iterator[imaplib.IMAP4]:
    client = imaplib.IMAP4("127.0.0.1", server.port, timeout=10)
    yield client
    client.logout()


def bodies(client: imaplib.IMAP4) -> list[bytes]:
    _, found = client.uid("FETCH", "1:*", "(BODY.PEEK[])")
    return [each[1] for each in found if isinstance(each, tuple)]


def count(client: imaplib.IMAP4) -> int:
    _, found = client.select("INBOX", readonly=True)
    return int(found[0] or b"0")


def test_a_mail_is_fetched_byte_for_byte(client: imaplib.IMAP4) -> None:
    client.login(USER, PASSWORD)
    client.select("INBOX", readonly=True)

    assert bodies(client) == [ODD]


def test_what_arrives_later_comes_behind(server: Running, client: imaplib.IMAP4) -> None:
    client.login(USER, PASSWORD)

    put(server.folder, b"Subject: two\r\n\r\n", name="2")
    wait_until(lambda: count(client) == 2)

    assert bodies(client) == [ODD, b"Subject: two\r\n\r\n"]


def test_a_wrong_password_lets_nobody_in(client: imaplib.IMAP4) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        client.login(USER, "a guess")
