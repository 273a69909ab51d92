"""A small but real mail server on loopback: it accepts what it is given and puts it into the capture box."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path

from edupulse.clock import now
from edupulse.embedded.mailbox import store
from edupulse.embedded.mishaps import Mishaps

MAX_BYTES = 35 * 1024 * 1024  # of one mail, as most providers allow
MAX_RECIPIENTS = 100  # RFC 5321 4.5.3.1.8: the least a server must accept
MAX_COMMAND_BYTES = 4096  # generous against the 512 of RFC 5321 4.5.3.1.4, because of parameters
MAX_ERRORS = 20  # a client that makes more is not a mail client
IDLE_SECONDS = 300.0  # RFC 5321 4.5.3.2.7
FEATURES = ("localhost", "PIPELINING", f"SIZE {MAX_BYTES}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
PATH = re.compile(r"\s*<(?:@[^:>]+:)?([^<>]*)>\s*(.*)", re.DOTALL)

log = logging.getLogger(__name__)


class Hangup(Exception):
    """The session ends after this reply; without one it ends without a word."""


@dataclass
class Envelope:
    """Who writes to whom, as the session has said so far."""

    sender: str | None = None
    utf8: bool = False
    recipients: list[str] = field(default_factory=list)


class Session:
    """One client's conversation, a method per command (RFC 5321 4.1.1)."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, folder: Path, mishaps: Mishaps
    ) -> None:
        self._reader, self._writer, self._folder, self._mishaps = reader, writer, folder, mishaps
        self._envelope = Envelope()
        self._greeted = False
        self._errors = 0

    async def converse(self) -> None:
        """Answer commands until the client leaves, is silent too long, or makes too many errors."""
        try:
            self._say("220 localhost EduPulse capture, nothing leaves this machine")
            while True:
                await self._writer.drain()
                await self._answer(await self._line())
        except Hangup as farewell:
            if str(farewell):
                self._say(str(farewell))
        except TimeoutError:
            self._say("421 4.4.2 localhost waited too long, goodbye")
        except (asyncio.IncompleteReadError, ConnectionError):
            log.info("the client left without QUIT")
        finally:
            await self._close()

    async def _answer(self, line: str) -> None:
        verb, _, rest = line.partition(" ")
        handler = getattr(self, f"_do_{verb.lower()}", None) if verb.isalpha() else None
        reply = await handler(rest) if handler else f"500 5.5.1 {verb[:20]!a} is not a command here"
        self._say(reply)
        if reply.startswith("5"):
            self._count_error()

    async def _do_ehlo(self, rest: str) -> str:
        self._greeted, self._envelope = True, Envelope()
        return "\r\n".join([*(f"250-{feature}" for feature in FEATURES), "250 HELP"])

    async def _do_helo(self, rest: str) -> str:
        self._greeted, self._envelope = True, Envelope()
        return "250 localhost greets you"

    async def _do_mail(self, rest: str) -> str:
        if not self._greeted:
            return "503 5.5.1 say EHLO first"
        if self._envelope.sender is not None:
            return "503 5.5.1 a mail is already under way"
        return self._begin(rest.upper().startswith("FROM:") and PATH.fullmatch(rest[5:]))

    async def _do_rcpt(self, rest: str) -> str:
        if self._envelope.sender is None:
            return "503 5.5.1 say MAIL first"
        path = rest.upper().startswith("TO:") and PATH.fullmatch(rest[3:])
        if not path or "@" not in path[1]:
            return "501 5.1.3 this is not a mail address"
        if not path[1].isascii() and not self._envelope.utf8:
            return "553 5.6.7 this address needs SMTPUTF8"
        if len(self._envelope.recipients) >= MAX_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        if refusal := self._mishaps.refusal(path[1]):
            return refusal
        self._envelope.recipients.append(path[1])
        return "250 2.1.5 recipient is fine"

    async def _do_data(self, rest: str) -> str:
        if not self._envelope.recipients:
            return "503 5.5.1 say MAIL and RCPT first"
        self._say("354 go on, end with a line that holds only a dot")
        await self._writer.drain()
        envelope, self._envelope = self._envelope, Envelope()
        return await self._take(envelope)

    async def _do_rset(self, rest: str) -> str:
        self._envelope = Envelope()
        return "250 2.0.0 forgotten"

    async def _do_noop(self, rest: str) -> str:
        return "250 2.0.0 still here"

    async def _do_vrfy(self, rest: str) -> str:
        return "252 2.5.2 send it and see"

    async def _do_help(self, rest: str) -> str:
        return "214 2.0.0 EHLO MAIL RCPT DATA RSET NOOP QUIT, see RFC 5321"

    async def _do_quit(self, rest: str) -> str:
        raise Hangup("221 2.0.0 goodbye")

    def _begin(self, path: re.Match[str] | bool | None) -> str:
        if not isinstance(path, re.Match):
            return "501 5.1.7 say MAIL FROM:<address>"
        parameters = path[2].upper().split()
        size = next((value[5:] for value in parameters if value.startswith("SIZE=")), "0")
        if not size.isdigit() or int(size) > MAX_BYTES:
            return f"552 5.3.4 at most {MAX_BYTES} bytes"
        if not path[1].isascii() and "SMTPUTF8" not in parameters:
            return "553 5.6.7 this address needs SMTPUTF8"
        self._envelope = Envelope(sender=path[1], utf8="SMTPUTF8" in parameters)
        return "250 2.1.0 sender is fine"

    async def _take(self, envelope: Envelope) -> str:
        raw = await self._body()
        if raw is None:
            return f"552 5.3.4 at most {MAX_BYTES} bytes"
        try:
            entry = store(
                self._folder, raw, sender=envelope.sender or "", recipients=envelope.recipients, at=now()
            )
        except OSError as error:
            log.error("a mail could not be stored: %s", error)
            return "452 4.3.1 the disk does not take it, try later"
        log.info("accepted %s for %s", entry.message_id, ", ".join(entry.recipients))
        if self._mishaps.loses_answer(entry.recipients):
            raise Hangup
        return f"250 2.0.0 stored as {entry.file}"

    async def _body(self) -> bytes | None:
        # Only CR LF dot CR LF ends a mail: a lone line feed must not (SMTP smuggling).
        lines, size = [], 0
        while (line := await self._read()) != b".\r\n":
            size += len(line)
            if size <= MAX_BYTES:
                lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines) if size <= MAX_BYTES else None

    async def _line(self) -> str:
        raw = await self._read()
        while len(raw) > MAX_COMMAND_BYTES:
            self._say("500 5.5.2 the line is too long")
            self._count_error()
            raw = await self._read()
        return raw.decode("utf-8", "surrogateescape").strip()

    async def _read(self) -> bytes:
        try:
            return await asyncio.wait_for(self._reader.readuntil(b"\r\n"), IDLE_SECONDS)
        except asyncio.LimitOverrunError:
            raise Hangup("500 5.5.2 the line is too long, goodbye") from None

    def _count_error(self) -> None:
        self._errors += 1
        if self._errors > MAX_ERRORS:
            raise Hangup("421 4.7.0 too many errors, goodbye")

    def _say(self, reply: str) -> None:
        self._writer.write(f"{reply}\r\n".encode("utf-8", "surrogateescape"))

    async def _close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            log.info("the connection was reset")


async def serve(
    host: str, port: int, folder: Path, ended: asyncio.Event, mishaps: Mishaps | None = None
) -> None:
    """Accept mail on `host`:`port` into `folder` until `ended` is set; go wrong only where `mishaps` says so."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = mishaps or Mishaps()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(reader, writer, folder, chosen).converse()

    server = await asyncio.start_server(greet, host, port, limit=MAX_BYTES)
    log.info("listening on %s port %s", host, port)
    await ended.wait()
    server.close()


async def serve_until_told(host: str, port: int, folder: Path, mishaps: Mishaps) -> None:
    """Serve until SIGTERM or SIGINT."""
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await serve(host, port, folder, ended, mishaps)


def main() -> None:
    """Run the server; the arguments are what the supervisor gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    for mishap in ("nobody", "busy", "lost"):
        parser.add_argument(f"--{mishap}", default="", metavar="ADDRESS", help="see mishaps.py")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    mishaps = Mishaps(chosen.nobody, chosen.busy, chosen.lost)
    asyncio.run(serve_until_told(chosen.host, chosen.port, chosen.folder, mishaps))


if __name__ == "__main__":
    main()
