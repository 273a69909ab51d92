"""The longer line that the benchmark sends over: late in both directions, and never narrower."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from time import monotonic

import pytest

from benchmarks.delay_proxy import DelayProxy
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import SmtpDouble
from tests.mail.smtp_client import account_for, mail, send_all

pytestmark = pytest.mark.timeout(10)


@pytest.fixture
def double() -> Iterator[SmtpDouble]:
    with SmtpDouble() as double:
        yield double


@pytest.fixture
def port(double: SmtpDouble) -> Iterator[int]:
    """Return a port that leads to the double and back in 40 ms."""
    ready: list[int] = []
    begun = threading.Event()

    async def serve() -> None:
        proxy = DelayProxy(double.host, double.port, 0.04)
        ends.append((asyncio.get_running_loop(), proxy))
        await proxy.serve(lambda port: (ready.append(port), begun.set())[1])

    ends: list[tuple[asyncio.AbstractEventLoop, DelayProxy]] = []
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert begun.wait(5)
    yield ready[0]
    loop, proxy = ends[0]
    loop.call_soon_threadsafe(proxy.stop)
    thread.join(5)


def test_an_answer_takes_the_whole_round_trip(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.recv(100)
        started = monotonic()
        line.sendall(b"NOOP\r\n")
        line.recv(100)

        assert monotonic() - started >= 0.04


def test_large_mails_arrive_whole(double: SmtpDouble, port: int) -> None:
    body = b"a line of the body\r\n" * 50_000
    with connect(account_for(double, port=port)) as session:
        outcomes = send_all(session, *(mail(number, body=body) for number in range(3)))

    assert [each.sent for each in outcomes] == [True] * 3
    assert [each.data.endswith(body) for each in double.accepted] == [True] * 3


def test_the_end_of_the_line_is_passed_on(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.recv(100)
        line.sendall(b"QUIT\r\n")

        assert line.recv(100).startswith(b"221")
        assert line.recv(100) == b""
