"""An SMTP server of our own that obeys the protocol, misbehaves on request, and counts every copy it accepts.

    with SmtpDouble(on("rcpt", reply("450 4.7.1 Greylisted"), times=1)) as double:
        ...send to double.host, double.port...
        assert double.copies("<1@school.example>", "ann@example.org") == 1

As a process of its own, `python -m tests.doubles.smtp_double --port 0 --log FILE` prints {"host", "port"} and
then writes one JSON line for every mail it accepts: message_id, rcpt, time (seconds since 1970).
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hmac
import json
import re
import signal
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.doubles.smtp_script import Rule, accept, on, reply, usual, wait

OFFERS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 50000000", "ENHANCEDSTATUSCODES")
CERTIFICATES = Path(__file__).parent / "certificates"
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_PATH = re.compile(r"(?:from|to):<([^>]*)>", re.IGNORECASE)
_CHALLENGE = b"<1896.697170952@double>"


@dataclass(frozen=True)
class Accepted:
    """One copy of a mail that the server has taken responsibility for."""

    message_id: str
    recipient: str
    mail_from: str
    data: bytes
    connection: int
    at: float


@dataclass
class Connection:
    """What can be told of one connection from outside."""

    number: int
    commands: list[str] = field(default_factory=list)
    secure: bool = False
    logins: int = 0
    closed: bool = False


class SmtpDouble:
    """The server: use it as a context manager. `accepted` and `connections` may be read at any time."""

    def __init__(
        self,
        *rules: Rule,
        offers: tuple[str, ...] = OFFERS,
        security: Literal["none", "starttls", "tls"] = "none",
        login: tuple[str, str] | None = None,
        mechanisms: str = "PLAIN LOGIN",
        certificate: str = "good",
        host: str = "127.0.0.1",
        port: int = 0,
        on_accept: Callable[[Accepted], None] | None = None,
    ) -> None:
        self.rules, self.offers, self.security = rules, offers, security
        self.login, self.mechanisms = login, mechanisms
        self.certificate = CERTIFICATES / f"{certificate}.pem"
        self.host, self.port = host, port
        self.accepted: list[Accepted] = []
        self.connections: list[Connection] = []
        self.mails = 0
        self._on_accept = on_accept
        self._faults: list[Exception] = []
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(self._ready.set)), daemon=True)

    def __enter__(self) -> SmtpDouble:
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the SMTP double did not start")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        if self._faults:
            raise self._faults[0]

    def copies(self, message_id: str, recipient: str) -> int:
        """Return how many copies of a mail were accepted for one person."""
        return sum(
            1 for each in self.accepted if (each.message_id, each.recipient) == (message_id, recipient)
        )

    def wait_for(self, count: int, seconds: float = 10) -> bool:
        """Wait until `count` copies were accepted, and tell whether they were."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.accepted) >= count, seconds)

    def take(self, copy: Accepted) -> None:
        """Take responsibility for one copy."""
        with self._changed:
            self.accepted.append(copy)
            self._changed.notify_all()
        if self._on_accept:
            self._on_accept(copy)

    async def serve(self, when_ready: Callable[[], None]) -> None:
        """Serve until `stop`."""
        self._loop, self._stop, self._talks = (
            asyncio.get_running_loop(),
            asyncio.Event(),
            set[asyncio.Task[None]](),
        )
        tls = self.context() if self.security == "tls" else None
        server = await asyncio.start_server(self._talk, self.host, self.port, ssl=tls, limit=1 << 20)
        self.port = server.sockets[0].getsockname()[1]
        when_ready()
        await self._stop.wait()
        server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def stop(self) -> None:
        """Let `serve` end; to be called from its own thread."""
        self._stop.set()

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        return context

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        seen = Connection(len(self.connections) + 1, secure=self.security == "tls")
        self.connections.append(seen)
        try:
            await Conversation(self, seen, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client left, or the double is being stopped
        except Exception as fault:  # noqa: BLE001 - shown to the test when the double is left
            self._faults.append(fault)
        finally:
            seen.closed = True
            self._talks.discard(task)
            writer.transport.abort()


class Conversation:
    """One connection as the server lives it; rules look at it and act on it."""

    def __init__(
        self, server: SmtpDouble, seen: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.seen, self.reader, self.writer = server, seen, reader, writer
        self.number, self.mails, self.overall = seen.number, 0, 0
        self.mail_from: str | None = None
        self.rcpt = ""
        self.recipients: list[str] = []
        self.data = b""
        self.over = False
        self.instead = b""
        self._step = self._argument = ""

    async def run(self) -> None:
        """Talk until one side hangs up."""
        await self._take("greeting")
        while not self.over and (line := await self.reader.readline()):
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.seen.commands.append(text)
            verb, _, self._argument = text.partition(" ")
            self._prepare(verb.lower())
            await self._take(verb.lower())

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        data, self.instead = self.instead or data, b""
        self.writer.write(data)
        await self.writer.drain()

    def hang_up(self) -> None:
        """End the conversation."""
        self.over = True
        self.writer.close()

    def accept(self) -> None:
        """Take the mail for each of its recipients."""
        found = _MESSAGE_ID.search(self.data)
        message_id = found[1].decode("utf-8", "replace") if found else ""
        for recipient in self.recipients:
            self.server.take(
                Accepted(message_id, recipient, self.mail_from or "", self.data, self.number, time.time())
            )

    async def encrypt(self) -> None:
        """Begin TLS as the server."""
        await self.writer.start_tls(self.server.context())
        self.seen.secure = True

    async def usual(self) -> None:
        """Do what an obedient server does at the step we are at."""
        await getattr(self, f"_usual_{self._step}", self._usual_unknown)()

    def _prepare(self, verb: str) -> None:
        path = _PATH.match(self._argument)
        if verb == "mail":
            self.server.mails += 1
            self.mails, self.overall = self.mails + 1, self.server.mails
        if verb == "rcpt" and path:
            self.rcpt = path[1]

    async def _take(self, step: str) -> None:
        self._step = step
        rule = next((each for each in self.server.rules if each.takes(step, self)), None)
        for action in rule.actions if rule else (usual,):
            if not self.over:
                self._step = step
                await action(self)

    async def _usual_greeting(self) -> None:
        await self.say(b"220 double.example ESMTP ready\r\n")

    async def _usual_ehlo(self) -> None:
        starttls = ("STARTTLS",) if self.server.security == "starttls" and not self.seen.secure else ()
        login = (f"AUTH {self.server.mechanisms}",) if self.server.login else ()
        lines = ("double.example", *self.server.offers, *starttls, *login)
        text = "".join(f"250{'-' if line is not lines[-1] else ' '}{line}\r\n" for line in lines)
        await self.say(text.encode())

    async def _usual_helo(self) -> None:
        await self.say(b"250 double.example\r\n")

    async def _usual_starttls(self) -> None:
        await self.say(b"220 2.0.0 ready for TLS\r\n")
        await self.encrypt()

    async def _usual_auth(self) -> None:
        mechanism, _, initial = self._argument.partition(" ")
        proof = await getattr(self, "_auth_" + mechanism.lower().replace("-", "_"))(initial)
        good = proof == self.server.login
        self.seen.logins += good
        await self.say(b"235 2.7.0 welcome\r\n" if good else b"535 5.7.8 credentials not recognised\r\n")

    async def _auth_plain(self, initial: str) -> tuple[str, ...]:
        return tuple(_unbase64(initial or await self._challenge("")).split("\0")[1:])

    async def _auth_login(self, initial: str) -> tuple[str, ...]:
        user = initial or await self._challenge("VXNlcm5hbWU6")
        return _unbase64(user), _unbase64(await self._challenge("UGFzc3dvcmQ6"))

    async def _auth_cram_md5(self, _: str) -> tuple[str, ...]:
        answer = _unbase64(await self._challenge(base64.b64encode(_CHALLENGE).decode()))
        user, password = self.server.login or ("", "")
        right = hmac.digest(password.encode(), _CHALLENGE, "md5").hex()
        return (user, password) if answer == f"{user} {right}" else ()

    async def _challenge(self, text: str) -> str:
        await self.say(f"334 {text}\r\n".encode())
        return (await self.reader.readline()).decode().strip()

    async def _usual_mail(self) -> None:
        path = _PATH.match(self._argument)
        if self.server.login and not self.seen.logins:
            await self.say(b"530 5.7.0 authentication required\r\n")
        elif path is None or self.mail_from is not None:
            await self.say(b"503 5.5.1 nested MAIL command\r\n")
        else:
            self.mail_from = path[1]
            await self.say(b"250 2.1.0 sender ok\r\n")

    async def _usual_rcpt(self) -> None:
        if self.mail_from is None:
            await self.say(b"503 5.5.1 MAIL first\r\n")
        else:
            self.recipients.append(self.rcpt)
            await self.say(b"250 2.1.5 recipient ok\r\n")

    async def _usual_data(self) -> None:
        if not self.recipients:
            await self.say(b"503 5.5.1 RCPT first\r\n")
            return
        await self.say(b"354 go ahead\r\n")
        await self._take("body")
        if not self.over:
            await self._take("dot")
        self._forget()

    async def _usual_body(self) -> None:
        lines: list[bytes] = []
        while (line := await self.reader.readline()) != b".\r\n" or (
            lines and not lines[-1].endswith(b"\r\n")
        ):
            if not line.endswith(b"\n"):
                raise ConnectionResetError("cut in the body")
            lines.append(line.removeprefix(b"."))
        self.data = b"".join(lines)

    async def _usual_dot(self) -> None:
        self.accept()
        await self.say(b"250 2.0.0 accepted\r\n")

    async def _usual_rset(self) -> None:
        self._forget()
        await self.say(b"250 2.0.0 ok\r\n")

    async def _usual_quit(self) -> None:
        await self.say(b"221 2.0.0 bye\r\n")
        self.hang_up()

    async def _usual_unknown(self) -> None:
        await self.say(b"502 5.5.2 not known here\r\n")

    def _forget(self) -> None:
        self.mail_from, self.recipients, self.data = None, [], b""


def _unbase64(text: str) -> str:
    return base64.b64decode(text).decode()


async def _serve_alone(double: SmtpDouble) -> None:
    def ready() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, double.stop)
        print(json.dumps({"host": double.host, "port": double.port}), flush=True)

    await double.serve(ready)


def main() -> None:
    """Serve as a process of its own until SIGTERM."""
    options = argparse.ArgumentParser(prog="smtp_double")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--log", type=Path, required=True)
    options.add_argument("--delay-ms", type=int, default=0, help="between accepting a mail and saying so")
    chosen = options.parse_args()
    with chosen.log.open("a", buffering=1) as log:

        def write(copy: Accepted) -> None:
            line = {"message_id": copy.message_id, "rcpt": copy.recipient, "time": copy.at}
            log.write(json.dumps(line) + "\n")

        late = (
            (on("dot", accept, wait(chosen.delay_ms / 1000), reply("250 2.0.0 accepted")),)
            if chosen.delay_ms
            else ()
        )
        asyncio.run(_serve_alone(SmtpDouble(*late, port=chosen.port, on_accept=write)))


if __name__ == "__main__":
    main()
