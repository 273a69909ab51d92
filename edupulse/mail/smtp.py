"""Opening a session with the mail server: name, line, TLS, greeting, login. Only here is smtplib imported."""

from __future__ import annotations

import re
import smtplib
import socket
from binascii import Error as NotBase64
from collections.abc import Callable
from time import monotonic
from typing import Any

from edupulse.mail.account import SmtpAccount
from edupulse.mail.dial import dial, resolve
from edupulse.mail.envelope import Envelope
from edupulse.mail.notconnected import NotConnected, Refused, not_connected
from edupulse.mail.replies import Reply
from edupulse.mail.session import Session
from edupulse.mail.wire import LineFault, Wire

__all__ = ["Envelope", "NotConnected", "Session", "SmtpAccount", "connect"]

OnStep = Callable[[str, str], None]

_HOST_NAME = re.compile(r"(?!localhost\b)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_MECHANISMS_UNDER_TLS = ("PLAIN", "LOGIN", "CRAM-MD5")
_MECHANISMS_IN_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")  # the one that hides the password first
_LOGGED_IN = (235, 503)  # 503: already authenticated
_MECHANISM_UNKNOWN = (500, 501, 502, 504)


def connect(account: SmtpAccount, on_step: OnStep | None = None) -> Session:
    """Open a session, encrypted and logged in as `account` asks. Raises NotConnected, which names no secret.

    `on_step(name, finding)` hears of every step that succeeded: dns, tcp, greeting, hello, tls, login.
    """
    started = monotonic()
    opening = _Opening(account, on_step or (lambda step, finding: None))
    try:
        return opening.session()
    except (LineFault, Refused) as failure:
        opening.abandon()
        ms = round((monotonic() - started) * 1000)
        raise not_connected(failure, opening.step, account, ms) from None
    except BaseException:
        opening.abandon()
        raise


class _Line(smtplib.SMTP):
    """smtplib's EHLO and AUTH over our own wire, with its deadlines and bounds."""

    def __init__(self, wire: Wire, helo: str) -> None:
        super().__init__(local_hostname=helo)
        self.wire = wire
        self.answer = Reply(())

    def send(self, s: Any) -> None:
        self.wire.write(s.encode() if isinstance(s, str) else bytes(s))

    def getreply(self) -> tuple[int, bytes]:
        self.answer = self.wire.reply()
        return self.answer.code, self.answer.raw

    def close(self) -> None:
        self.wire.close()


class _Opening:
    """A connection on its way to becoming a session; `step` is where it stands."""

    def __init__(self, account: SmtpAccount, on_step: OnStep) -> None:
        self._account = account
        self._on_step = on_step
        self._limit = monotonic() + account.seconds_for()
        self._wire: Wire | None = None
        self.step = "dns"

    def session(self) -> Session:
        """Take all steps in their order."""
        security = self._account.security
        self._wire = wire = self._reach()
        if security == "tls":
            self._encrypt(wire)
        line = _Line(wire, self._account.helo or _own_name(wire))
        self._greet(line)
        self._say_hello(line)
        if security == "starttls":
            self._start_tls(line)
        if self._account.username:
            self._log_in(line)
        return Session(wire, self._account, dict(line.esmtp_features))

    def abandon(self) -> None:
        """Hang up."""
        if self._wire:
            self._wire.close()

    def _reach(self) -> Wire:
        addresses = resolve(self._account.host, self._account.port, self._begin("dns"))
        self._passed(", ".join(dict.fromkeys(str(each[4][0]) for each in addresses)))
        wire = dial(addresses, self._begin("tcp"))
        self._passed(f"port {self._account.port} answers")
        return wire

    def _greet(self, line: _Line) -> None:
        line.wire.deadline = self._begin("greeting")
        code, _ = line.getreply()
        if code != 220:
            raise Refused(line.answer)
        self._passed(line.answer.text)

    def _say_hello(self, line: _Line) -> None:
        line.wire.deadline = self._begin("hello")
        line.wire.require_silence()
        code, _ = line.ehlo()
        if code >= 500:
            code, _ = line.helo()  # a server of the old kind: no extensions, but it takes mail
        if code != 250:
            raise Refused(line.answer)
        self._passed("offers " + (", ".join(sorted(line.esmtp_features)) or "no extensions"))

    def _start_tls(self, line: _Line) -> None:
        line.wire.deadline = self._begin("tls")
        if not line.has_extn("starttls"):
            raise LineFault("tls_missing")
        code, _ = line.docmd("STARTTLS")
        if code >= 500:
            raise LineFault("tls_missing", line.answer.text)
        if code != 220:
            raise Refused(line.answer)
        self._encrypt(line.wire)
        self._say_hello(line)  # EHLO again: what was offered in clear counts for nothing (RFC 3207 4.2)

    def _encrypt(self, wire: Wire) -> None:
        wire.deadline = self._begin("tls")
        wire.encrypt(self._account.tls(), self._account.host)
        self._passed(f"{wire.cipher}, certificate valid until {wire.certificate_end}")

    def _log_in(self, line: _Line) -> None:
        line.wire.deadline = self._begin("login")
        if not (self._account.username + self._account.password).isascii():
            raise LineFault("password_not_ascii")
        for mechanism in self._mechanisms(line):
            answer = self._authenticate(line, mechanism)
            if answer.code in _LOGGED_IN:
                return self._passed(f"as {self._account.username} ({mechanism})")
            # One refusal is enough: more tries with the same password bring the account closer to its lock.
            if answer.code not in _MECHANISM_UNKNOWN and mechanism != "CRAM-MD5":
                break
        raise Refused(answer)

    def _mechanisms(self, line: _Line) -> list[str]:
        offered = line.esmtp_features.get("auth", "").upper().split()
        known = _MECHANISMS_UNDER_TLS if line.wire.cipher else _MECHANISMS_IN_CLEAR
        if not (usable := [each for each in known if each in offered]):
            raise LineFault("auth_unsupported", f"offered: {' '.join(offered) or 'nothing'}")
        return usable

    def _authenticate(self, line: _Line, mechanism: str) -> Reply:
        line.user, line.password = self._account.username, self._account.password
        try:
            line.auth(mechanism, getattr(line, "auth_" + mechanism.lower().replace("-", "_")))
        except smtplib.SMTPException:
            pass  # the refusal itself is read from `answer` below, whatever smtplib made of it
        except NotBase64:
            raise LineFault("garbled", "a challenge that is not base64") from None
        finally:
            line.user = line.password = ""
        return line.answer

    def _begin(self, step: str) -> float:
        self.step = step
        return min(monotonic() + self._account.timeout, self._limit)

    def _passed(self, finding: str) -> None:
        self._on_step(self.step, finding)


def _own_name(wire: Wire) -> str:
    """Return what to say after EHLO: this machine's full name, else its address (RFC 5321 4.1.3)."""
    name, address = socket.gethostname(), wire.local_address.split("%")[0]
    literal = f"[IPv6:{address}]" if ":" in address else f"[{address}]"
    return name if _HOST_NAME.fullmatch(name) else literal
