"""A lean SMTP server for storms: it obeys, offers PIPELINING, and writes down every copy that it accepts.

`python -m tests.doubles.smtp_sink --port 0 --log FILE [--delay-ms N]` prints {"host", "port"}, then adds one JSON line
to FILE for every mail and recipient before it answers the dot: message_id, rcpt, time (seconds since 1970).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"
OFFERS = ("sink.example", "PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 50000000", "ENHANCEDSTATUSCODES")
END = b"\r\n.\r\n"
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(rb"[^<]*<([^>]*)>")

Accept = Callable[[str, str], None]  # Message-ID, recipient


class Talk(asyncio.Protocol):
    """One connection. What was pipelined behind a dot waits until the dot is answered."""

    def __init__(self, accept: Accept, delay: float) -> None:
        self._accept, self._delay = accept, delay
        self._read = b""
        self._reading_body = self._is_waiting = False
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._say("220 sink.example ready")

    def data_received(self, data: bytes) -> None:
        self._read += data
        self._go_on()

    def _go_on(self) -> None:
        while not self._is_waiting and (self._take_body() if self._reading_body else self._take_line()):
            pass

    def _take_line(self) -> bool:
        line, end, rest = self._read.partition(b"\r\n")
        if not end:
            return False
        self._read = rest
        verb, _, argument = line.partition(b" ")
        answer = getattr(self, f"_do_{verb.decode('ascii', 'replace').lower()}", self._do_unknown)
        self._say(answer(argument))
        return True

    def _take_body(self) -> bool:
        # The empty line in front is the end of the line DATA.
        body, end, rest = (b"\r\n" + self._read).partition(END)
        if not end:
            return False
        self._read, self._reading_body = rest, False
        self._accept_all(body)
        self._sender, self._recipients = None, []
        self._answer_dot()
        return True

    def _accept_all(self, body: bytes) -> None:
        found = _MESSAGE_ID.search(body)
        message_id = found[1].decode("utf-8", "replace") if found else ""
        for recipient in self._recipients:
            self._accept(message_id, recipient.decode("utf-8", "replace"))

    def _answer_dot(self) -> None:
        if not self._delay:
            self._say("250 2.0.0 accepted")
            return
        self._is_waiting = True
        asyncio.get_running_loop().call_later(self._delay, self._answer_late)

    def _answer_late(self) -> None:
        self._is_waiting = False
        self._say("250 2.0.0 accepted")
        self._go_on()

    def _do_ehlo(self, argument: bytes) -> str:
        return "\r\n".join([*(f"250-{offer}" for offer in OFFERS[:-1]), f"250 {OFFERS[-1]}"])

    def _do_mail(self, argument: bytes) -> str:
        path = _PATH.match(argument)
        if path is None or self._sender is not None:
            return "503 5.5.1 nested MAIL command"
        self._sender = path[1]
        return "250 2.1.0 sender ok"

    def _do_rcpt(self, argument: bytes) -> str:
        path = _PATH.match(argument)
        if path is None or self._sender is None:
            return "503 5.5.1 MAIL first"
        self._recipients.append(path[1])
        return "250 2.1.5 recipient ok"

    def _do_data(self, argument: bytes) -> str:
        if not self._recipients:
            return "503 5.5.1 RCPT first"
        self._reading_body = True
        return "354 go ahead"

    def _do_rset(self, argument: bytes) -> str:
        self._sender, self._recipients = None, []
        return "250 2.0.0 ok"

    def _do_noop(self, argument: bytes) -> str:
        return "250 2.0.0 ok"

    def _do_quit(self, argument: bytes) -> str:
        asyncio.get_running_loop().call_soon(self._transport.close)
        return "221 2.0.0 bye"

    def _do_unknown(self, argument: bytes) -> str:
        return "502 5.5.2 not known here"

    def _say(self, answer: str) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer.encode() + b"\r\n")


async def serve(port: int, accept: Accept, delay: float) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: Talk(accept, delay), HOST, port)
    print(json.dumps({"host": HOST, "port": server.sockets[0].getsockname()[1]}), flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    """Serve as a process of its own."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log", type=Path, required=True)
    options.add_argument("--delay-ms", type=float, default=0, help="between accepting a mail and saying so")
    chosen = options.parse_args()
    log = os.open(chosen.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def accept(message_id: str, recipient: str) -> None:
        line = {"message_id": message_id, "rcpt": recipient, "time": time.time()}
        os.write(log, json.dumps(line).encode() + b"\n")

    asyncio.run(serve(chosen.port, accept, chosen.delay_ms / 1000))


if __name__ == "__main__":
    main()
