"""The lean sink: it takes pipelined mails, answers in order, and writes down what it accepts before it says so."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ENVELOPE = b"MAIL FROM:<a@school.example>\r\nRCPT TO:<%b>\r\nDATA\r\n"
MAIL = b"Message-ID: <%b>\r\n\r\n..dot at the start\r\nhello\r\n.\r\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "copies.jsonl"


@pytest.fixture
def wire(log: Path) -> Iterator[socket.socket]:
    command = [sys.executable, "-m", "tests.doubles.smtp_sink", "--log", str(log), "--delay-ms", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["port"]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            yield connection
        process.terminate()


def codes_until(wire: socket.socket, last: bytes) -> list[bytes]:
    codes: list[bytes] = []
    with wire.makefile("rb") as lines:
        while not codes or codes[-1] != last:
            codes.append(lines.readline()[:3])
    return codes


def test_mails_that_come_all_at_once_are_taken_one_after_the_other(wire: socket.socket, log: Path) -> None:
    first, second = ENVELOPE % b"ann@x" + MAIL % b"1@x", ENVELOPE % b"li@x" + MAIL % b"2@x"

    wire.sendall(b"EHLO me\r\n" + first + second + b"QUIT\r\n")

    one = [b"250", b"250", b"354", b"250"]
    assert codes_until(wire, b"221") == [b"220", *[b"250"] * 6, *one, *one, b"221"]
    copies = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(copy["message_id"], copy["rcpt"]) for copy in copies] == [("<1@x>", "ann@x"), ("<2@x>", "li@x")]


def test_a_mail_without_its_dot_is_not_taken(wire: socket.socket, log: Path) -> None:
    wire.sendall(b"EHLO me\r\n" + ENVELOPE % b"ann@x" + (MAIL % b"1@x")[:-3])

    assert codes_until(wire, b"354")[-1] == b"354"
    assert log.read_text() == ""


def test_commands_out_of_order_are_refused(wire: socket.socket) -> None:
    wire.sendall(b"RCPT TO:<ann@x>\r\nDATA\r\nNONSENSE\r\nRSET\r\nNOOP\r\nQUIT\r\n")

    assert codes_until(wire, b"221") == [b"220", b"503", b"503", b"502", b"250", b"250", b"221"]
