"""An IMAP server of our own that obeys the protocol for one folder, and misbehaves on request.

with ImapDouble(on("uid search", stall), messages={1: b"Subject: hello\r\n\r\n"}) as double:
    ...connect to double.host, double.port as double.username, double.password...
    assert double.commands == ["LOGIN ...", ...]
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.doubles.smtp_double import CERTIFICATES

Action = Callable[["Conversation"], None]

CAPABILITIES = "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 ID UIDPLUS MOVE"
DATE = "12-Mar-2026 10:00:00 +0100"


@dataclass
class Rule:
    """One deviation: at this command do that, at most `times` times."""

    at: str
    actions: tuple[Action, ...]
    times: int | None = None
    used: int = field(default=0, init=False)

    def takes(self, step: str) -> bool:
        """Tell whether this rule is for `step` now, and count it."""
        wanted = step == self.at and (self.times is None or self.used < self.times)
        self.used += wanted
        return wanted


def on(at: str, *actions: Action, times: int | None = None) -> Rule:
    """Say what to do instead of the usual.

    `at` is greeting or a command in small letters: capability, starttls, login, authenticate, id, examine, select,
    create, logout, uid search, uid fetch, uid store, uid copy, uid move, uid expunge.
    """
    return Rule(at, actions, times)


def usual(c: Conversation) -> None:
    """Do what would be done without a rule."""
    c.usual()


def stall(c: Conversation) -> None:
    """Neither read nor answer any more, without hanging up."""
    c.server.stopping.wait()
    c.over = True


def close(c: Conversation) -> None:
    """Hang up."""
    c.hang_up()


def reset(c: Conversation) -> None:
    """Hang up with a TCP reset."""
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.hang_up()


def raw(data: bytes) -> Action:
    """Send exactly this."""
    return lambda c: c.say(data)


def tell(*lines: str) -> Action:
    """Send untagged lines."""
    return raw("".join(f"* {line}\r\n" for line in lines).encode())


def answer(text: str | bytes) -> Action:
    """Answer the command with this, e.g. `NO [LIMIT] too many`."""
    data = text.encode() if isinstance(text, str) else text
    return lambda c: c.say(c.tag.encode() + b" " + data + b"\r\n")


def drip(data: bytes, every: float) -> Action:
    """Send this one byte at a time, `every` seconds."""

    def act(c: Conversation) -> None:
        for byte in data:
            c.say(bytes([byte]))
            if c.server.stopping.wait(every):
                return

    return act


def lie(by: int) -> Action:
    """Do the usual, but announce each literal so many bytes longer than it is."""

    def act(c: Conversation) -> None:
        c.lie = by
        c.usual()

    return act


class ImapDouble:
    """The server: use it as a context manager. `messages` (by UID) may be changed at any time."""

    def __init__(
        self,
        *rules: Rule,
        messages: dict[int, bytes] | None = None,
        capabilities: str = CAPABILITIES,
        security: str = "none",
        uidvalidity: int = 7,
        needs_id: bool = False,
        ignores_search: bool = False,
    ) -> None:
        self.rules, self.capabilities, self.security = rules, capabilities, security
        self.messages = dict(messages or {})
        self.uidvalidity, self.needs_id, self.ignores_search = uidvalidity, needs_id, ignores_search
        self.host, self.port = "127.0.0.1", 0
        self.username, self.password = "office", "wordpass"
        self.commands: list[str] = []
        self.connections = 0
        self.seen: set[int] = set()
        self.deleted: set[int] = set()
        self.folders: dict[str, list[bytes]] = {}
        self.stopping = threading.Event()
        self.faults: list[Exception] = []
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> ImapDouble:
        self._listener = socket.create_server((self.host, 0), backlog=100)
        self.port = self._listener.getsockname()[1]
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._sockets:
            with suppress(OSError):  # over already
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.faults:
            raise self.faults[0]

    def _start(self, act: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=act, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets.append(sock)
            self.connections += 1
            self._start(self._talk, sock)

    def _talk(self, sock: socket.socket) -> None:
        try:
            Conversation(self, sock).run()
        except OSError:
            pass  # the client left, or the double is being stopped
        except Exception as fault:  # noqa: BLE001 - shown to the test when the double is left
            self.faults.append(fault)
        finally:
            sock.close()


class Conversation:
    """One connection as the server lives it."""

    def __init__(self, server: ImapDouble, sock: socket.socket) -> None:
        self.server, self.sock = server, sock
        self.tag = self.step = self.argument = ""
        self.identified = self.over = False
        self.lie = 0

    def run(self) -> None:
        """Talk until one side hangs up."""
        if self.server.security == "tls":
            self._encrypt()
        self._reader = self.sock.makefile("rb")
        self._take("greeting")
        while not self.over and (line := self._reader.readline()):
            self.tag, _, command = line.decode("latin-1").rstrip("\r\n").partition(" ")
            self.server.commands.append(command)
            found = re.match(r"(uid \w+|\w+) ?(.*)", command, re.IGNORECASE)
            assert found, command
            self.argument = found[2]
            self._take(found[1].lower())

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def hang_up(self) -> None:
        """End the conversation."""
        self.over = True
        self._reader.close()
        self.sock.close()

    def usual(self) -> None:
        """Do what an obedient server does at the step we are at."""
        getattr(self, "_usual_" + self.step.replace(" ", "_"), self._usual_unknown)()

    def _take(self, step: str) -> None:
        self.step = step
        rule = next((each for each in self.server.rules if each.takes(step)), None)
        for action in rule.actions if rule else (usual,):
            if not self.over:
                action(self)

    def _answer(self, text: str) -> None:
        answer(text)(self)

    def _encrypt(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / "good.pem")
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def _usual_greeting(self) -> None:
        self.say(f"* OK [CAPABILITY {self.server.capabilities}] double ready\r\n".encode())

    def _usual_capability(self) -> None:
        tell(f"CAPABILITY {self.server.capabilities}")(self)
        self._answer("OK done")

    def _usual_starttls(self) -> None:
        self._answer("OK go ahead")
        self._encrypt()
        self._reader = self.sock.makefile("rb")

    def _usual_login(self) -> None:
        good = self.argument == f'"{self.server.username}" "{self.server.password}"'
        welcome = f"OK [CAPABILITY {self.server.capabilities}] welcome"
        self._answer(welcome if good else "NO [AUTHENTICATIONFAILED] credentials not recognised")

    def _usual_authenticate(self) -> None:
        if " " not in self.argument:
            self.say(b"+ \r\n")
            self.server.commands.append(self._reader.readline().decode().strip())
        self._answer("OK welcome")

    def _usual_id(self) -> None:
        self.identified = True
        tell('ID ("name" "double")')(self)
        self._answer("OK done")

    def _usual_examine(self) -> None:
        if self.server.needs_id and not self.identified:
            self._answer(f"NO {self.step.upper()} Unsafe Login. Please contact kefu@188.com for help")
            return
        uidnext = max(self.server.messages, default=0) + 1
        tell(
            "FLAGS (\\Seen \\Deleted)",
            f"{len(self.server.messages)} EXISTS",
            "0 RECENT",
            f"OK [UIDVALIDITY {self.server.uidvalidity}] valid",
            f"OK [UIDNEXT {uidnext}] next",
        )(self)
        self._answer("OK [READ-ONLY] done")

    _usual_select = _usual_examine

    def _usual_create(self) -> None:
        self.server.folders.setdefault(self.argument.strip('"'), [])
        self._answer("OK done")

    def _usual_uid_search(self) -> None:
        wanted = self.argument.split(" ")[1]
        found = sorted(self.server.messages) if self.server.ignores_search else self._uids(wanted)
        if "UNDELETED" in self.argument:
            found = [uid for uid in found if uid not in self.server.deleted]
        tell(" ".join(["SEARCH", *map(str, found)]))(self)
        self._answer("OK done")

    def _usual_uid_fetch(self) -> None:
        wanted, _, items = self.argument.partition(" ")
        for uid in self._uids(wanted):
            data = self.server.messages[uid]
            number = sorted(self.server.messages).index(uid) + 1
            head = f'* {number} FETCH (UID {uid} INTERNALDATE "{DATE}" '
            if "BODY.PEEK[]" in items:
                announced = f"BODY[] {{{len(data) + self.lie}}}\r\n"
                self.say(head.encode() + announced.encode() + data + b")\r\n")
            else:
                self.say(f"{head}RFC822.SIZE {len(data)})\r\n".encode())
        self._answer("OK done")

    def _usual_uid_store(self) -> None:
        uids = self._uids(self.argument.split(" ")[0])
        (self.server.deleted if "\\Deleted" in self.argument else self.server.seen).update(uids)
        self._answer("OK done")

    def _usual_uid_copy(self) -> None:
        wanted, _, folder = self.argument.partition(" ")
        if folder.strip('"') not in self.server.folders:
            self._answer("NO [TRYCREATE] no such folder")
            return
        self.server.folders[folder.strip('"')] += [self.server.messages[uid] for uid in self._uids(wanted)]
        self._answer("OK done")

    def _usual_uid_move(self) -> None:
        wanted, _, folder = self.argument.partition(" ")
        if folder.strip('"') not in self.server.folders:
            self._answer("NO [TRYCREATE] no such folder")
            return
        moved = [self.server.messages.pop(uid) for uid in self._uids(wanted)]
        self.server.folders[folder.strip('"')] += moved
        self._answer("OK done")

    def _usual_uid_expunge(self) -> None:
        for uid in self._uids(self.argument):
            if uid in self.server.deleted:
                del self.server.messages[uid]
        self._answer("OK done")

    def _usual_noop(self) -> None:
        self._answer("OK done")

    def _usual_logout(self) -> None:
        tell("BYE leaving")(self)
        self._answer("OK done")
        self.hang_up()

    def _usual_unknown(self) -> None:
        self._answer("BAD not known here")

    def _uids(self, wanted: str) -> list[int]:
        last = max(self.server.messages, default=0)
        found: set[int] = set()
        for each in wanted.split(","):
            first, _, end = each.replace("*", str(last)).partition(":")
            low, high = sorted((int(first), int(end or first)))  # "9:*" names the last one too (RFC 3501 9)
            found |= {uid for uid in self.server.messages if low <= uid <= high}
        return sorted(found)
