"""From a server's name to a session: look it up, connect, TLS, greeting, login, each with its own time."""

from __future__ import annotations

import socket
from time import monotonic

from edupulse.mail.dial import AddressInfo, resolve
from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.account import ImapAccount
from edupulse.mailboxes.imap.failures import Failures
from edupulse.mailboxes.imap.logins import log_in
from edupulse.mailboxes.imap.responses import Done
from edupulse.mailboxes.imap.talk import AHEAD, Answer, Talk
from edupulse.mailboxes.imap.wire import Wire

_CAPABILITY = ("CAPABILITY",)


class Opening:
    """A connection on its way to a session: call `dns`, `tcp`, `tls`, `login` in this order.

    Each returns what it found, in words for people, and raises ImapFailure.
    """

    def __init__(self, account: ImapAccount) -> None:
        self.account = account
        self.capabilities: frozenset[str] = frozenset()
        self._failures = Failures(account)
        self._limit = monotonic() + account.total
        self._addresses: list[AddressInfo] = []
        self._talk: Talk | None = None
        self._is_known = False

    @property
    def talk(self) -> Talk:
        """The conversation, once `tcp` has reached the server."""
        if self._talk is None:
            raise RuntimeError("tcp() comes first")
        return self._talk

    def dns(self) -> str:
        """Look the server up."""
        try:
            self._addresses = resolve(self.account.host, self.account.port, self._by())
        except LineFault as fault:
            raise self._failures.broken("dns", fault) from None
        return ", ".join(dict.fromkeys(str(each[4][0]) for each in self._addresses))

    def tcp(self) -> str:
        """Connect to the first address that answers."""
        try:
            wire = Wire(_dial(self._addresses, self._by()), self._limit)
        except LineFault as fault:
            raise self._failures.broken("connect", fault) from None
        ahead = AHEAD if self.account.pipelining else 0
        self._talk = Talk(wire, self._failures, patience=self.account.connect_timeout, ahead=ahead)
        if self.account.security != "tls":
            self._greet()
        return f"port {self.account.port} answers"

    def tls(self) -> str:
        """Encrypt the line, unless the account says that it stays in clear."""
        if self.account.security == "none":
            return "not asked for: all of it travels in clear"
        if self.account.security == "starttls":
            self._start_tls()
        self.talk.step = "tls"
        with self.talk.guarded():
            self.talk.wire.encrypt(self.account.tls(), self.account.host)
        if self.account.security == "tls":
            self._greet()
        return self.talk.wire.cipher

    def login(self) -> str:
        """Sign in, and learn what the server can do for those who have."""
        self.talk.patience = self.account.read_timeout
        if not self._is_known:
            if not self.capabilities:
                self._ask_capabilities()
            self._learn(log_in(self.talk, self.account, self.capabilities))
        return f"as {self.account.username}"

    def abandon(self) -> None:
        """Hang up."""
        if self._talk:
            self._talk.end()

    def _greet(self) -> None:
        self.talk.step = "greeting"
        greeting = self.talk.greeting()
        if greeting.status == "PREAUTH" and self.account.security == "starttls":
            self._break("preauth")
        if greeting.status not in ("OK", "PREAUTH"):
            raise self._failures.refused("greeting", greeting)
        self._is_known = greeting.status == "PREAUTH"
        self.capabilities = _capabilities(greeting)
        if self._is_known and not self.capabilities:
            self._ask_capabilities()

    def _start_tls(self) -> None:
        if not self.capabilities:
            self._ask_capabilities()
        if "STARTTLS" not in self.capabilities:
            self._break("tls_missing")
        self.talk.require(self.talk.ask("tls", b"STARTTLS"))
        self.capabilities = frozenset()  # what was offered in clear counts for nothing (RFC 3501 6.2.1)

    def _ask_capabilities(self) -> None:
        answer = self.talk.require(self.talk.ask(self.talk.step, b"CAPABILITY", _CAPABILITY))
        self.capabilities = _capabilities(answer.done) or _told(answer)

    def _learn(self, answer: Answer) -> None:
        self.capabilities = _capabilities(answer.done) or _told(answer)
        if not self.capabilities:
            self._ask_capabilities()

    def _break(self, cause: str) -> None:
        with self.talk.guarded():
            raise LineFault(cause)

    def _by(self) -> float:
        return min(monotonic() + self.account.connect_timeout, self._limit)


def _capabilities(done: Done) -> frozenset[str]:
    return _words(done.arguments) if done.code == "CAPABILITY" else frozenset()


def _told(answer: Answer) -> frozenset[str]:
    return _words(b" ".join(each.pieces[0] for each in answer.told))


def _words(text: bytes) -> frozenset[str]:
    return frozenset(text.decode("latin-1").upper().split())


def _dial(addresses: list[AddressInfo], deadline: float) -> socket.socket:
    fault = LineFault("unreachable", "no address")
    for place, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            # Each address has its share of the time left, so that a dead one leaves some for the next.
            sock.settimeout(max((deadline - monotonic()) / (len(addresses) - place), 0.001))
            sock.connect(address)
            sock.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # commands are small and wait for nobody
        except OSError as error:
            sock.close()
            fault = _unreached(error)
        else:
            return sock
    raise fault


def _unreached(error: OSError) -> LineFault:
    if isinstance(error, TimeoutError):
        return LineFault("timeout")
    said = error.strerror or str(error)
    if isinstance(error, ConnectionRefusedError):
        return LineFault("refused", said)
    return LineFault("closed" if isinstance(error, ConnectionError) else "unreachable", said)
