"""The line itself: its deadline is total, and what a server sends cannot fill the memory."""

from __future__ import annotations

import re
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from math import inf
from time import monotonic
from typing import Any

import pytest

from edupulse.mail.wire import LineFault, Wire

pytestmark = pytest.mark.timeout(10)

FLOOD = b"250-" + b"x" * 60_000 + b"\r\n"
MANY_LINES = b"250-and so on\r\n" * 4000


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    wire = Wire(ours, monotonic() + 5)
    with theirs:
        yield wire, theirs
        wire.close()


@pytest.mark.parametrize(
    "flood", [pytest.param(FLOOD, id="one_line"), pytest.param(MANY_LINES, id="many_lines")]
)
def test_a_flood_is_cut_off_within_a_few_kilobytes(ends: tuple[Wire, socket.socket], flood: bytes) -> None:
    wire, server = ends
    pouring = threading.Thread(target=pour_until_closed, args=(server, flood))
    pouring.start()

    tracemalloc.start()
    with pytest.raises(LineFault, match="more than"):
        wire.reply()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    wire.close()
    pouring.join()

    assert peak < 100_000


def pour_until_closed(server: socket.socket, flood: bytes) -> None:
    try:
        while True:
            server.sendall(flood)
    except OSError:
        return


def test_nothing_is_read_or_written_after_the_deadline(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"250 ok")  # a line that never ends
    wire.deadline = monotonic() + 0.05

    with pytest.raises(LineFault, match="timeout"):
        wire.reply()
    with pytest.raises(LineFault, match="timeout"):
        wire.write(b"NOOP\r\n")


def test_a_write_without_progress_ends_before_the_deadline(ends: tuple[Wire, socket.socket]) -> None:
    wire, _ = ends
    wire.deadline = inf

    with pytest.raises(LineFault, match="timeout"):
        wire.write(b"x" * 50_000_000, patience=0.05)


def test_a_reply_that_has_arrived_is_read_without_waiting(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"421 4.3.0 bye\r\n")

    reply = wire.arrived_reply()

    assert reply is not None
    assert (reply.code, reply.enhanced, reply.text) == (421, "4.3.0", "bye")
    assert wire.arrived_reply() is None


def test_silence_speech_and_absence_are_told_apart(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends

    assert wire.silent()
    server.sendall(b"2")
    with pytest.raises(LineFault, match="out_of_turn"):
        wire.require_silence()


def test_a_server_that_has_left_is_noticed_without_waiting(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.close()

    with pytest.raises(LineFault, match="closed"):
        wire.require_silence()


class InTens(socket.socket):
    """A socket whose kernel takes ten bytes at a time."""

    def send(self, data: Any, *_: Any) -> int:
        return super().send(data[:10])


@pytest.mark.parametrize(
    ("dot", "fault"), [(10, nullcontext()), (12, pytest.raises(LineFault, match="out_of_turn"))]
)
def test_only_once_the_dot_has_left_may_the_server_speak_before_all_is_written(
    dot: int, fault: AbstractContextManager[Any]
) -> None:
    ours, theirs = socket.socketpair()
    with theirs, InTens(fileno=ours.detach()) as sock:
        wire = Wire(sock, monotonic() + 5)
        theirs.sendall(b"250 2.0.0 ok\r\n")

        with fault:
            wire.write(b"0123456789ABCDEF", dot=dot)


def test_replies_are_passed_only_in_the_form_that_was_expected(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"250 ok\r\n250-two\r\n250 lines\r\n354 go ahead\r\n")
    wire.listen()

    assert wire.passes(re.compile(rb"250 [^\r\n]*\r\n"))
    assert not wire.passes(re.compile(rb"250 [^\r\n]*\r\n"))
    assert (wire.reply().text, wire.next_class, wire.reply().code) == ("two lines", 3, 354)
    assert wire.next_class == 0
