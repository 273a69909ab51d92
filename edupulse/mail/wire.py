"""Bytes to and from a mail server: all by one deadline, and no reply can fill the memory."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from time import monotonic

from edupulse.mail.replies import Reply, ReplyLine, legible, read_line

MAX_LINE = 8 * 1024  # bytes; RFC 5321 4.5.3.1.5 allows 512, some providers explain themselves at length
MAX_LINES = 128  # of one reply; the longest EHLO answers have about 30
_CHUNK = 64 * 1024  # bytes written at once


class LineFault(Exception):
    """The line to the server is of no more use; `cause` is a stable word, `detail` what the system said."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = cause
        self.detail = detail


class Wire:
    """One connection. `deadline` is an instant of the monotonic clock that all that follows must keep."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._socket = sock
        self._buffer = bytearray()
        self._ended = False
        self.deadline = deadline

    @property
    def local_address(self) -> str:
        """Return the address of our own end."""
        return str(self._socket.getsockname()[0])

    @property
    def cipher(self) -> str:
        """Return the TLS version in use, empty in clear."""
        return (self._socket.version() or "") if isinstance(self._socket, ssl.SSLSocket) else ""

    @property
    def certificate_end(self) -> str:
        """Return until when the server's certificate is valid, in its own words, empty in clear."""
        certificate = self._socket.getpeercert() if isinstance(self._socket, ssl.SSLSocket) else None
        return str(certificate.get("notAfter", "")) if certificate else ""

    def write(self, data: bytes, patience: float = inf) -> None:
        """Send all of `data`, never without progress for `patience` seconds.

        Raises LineFault, also when the server speaks or hangs up meanwhile.
        """
        rest = memoryview(data)
        while rest:
            with self._faults():
                self._socket.settimeout(min(self._left(), patience))
                sent = self._socket.send(rest[:_CHUNK])
            rest = rest[sent:]
            if rest:
                self.require_silence()

    def reply(self) -> Reply:
        """Read one whole reply. Raises LineFault if it does not come in time, or is none."""
        lines: list[ReplyLine] = []
        while len(lines) < MAX_LINES:
            line = self._line()
            parsed = read_line(line)
            if parsed is None:
                raise LineFault("garbled", legible(line[:200]))
            lines.append(parsed)
            if not parsed.goes_on:
                return Reply(tuple(lines))
        raise LineFault("garbled", f"a reply of more than {MAX_LINES} lines")

    def silent(self) -> bool:
        """Tell, without waiting, whether the server has neither spoken nor hung up since its last reply."""
        if not self._buffer and not self._ended:
            try:
                self._socket.settimeout(0)
                self._take(self._socket.recv(4096))
            except (BlockingIOError, ssl.SSLWantReadError):
                return True
            except OSError:
                self._ended = True
        return False

    def require_silence(self) -> None:
        """Raise LineFault if the server has spoken out of turn or hung up."""
        if not self.silent():
            raise LineFault("out_of_turn" if self._buffer else "closed")

    def arrived_reply(self) -> Reply | None:
        """Return the reply that has arrived already, without waiting for one."""
        self.silent()
        self.deadline = 0.0
        try:
            return self.reply()
        except LineFault:
            return None

    def encrypt(self, context: ssl.SSLContext, name: str) -> None:
        """Go on under TLS, the server's certificate verified for `name`. Raises LineFault."""
        if self._buffer:
            raise LineFault("tls_injected")  # said before TLS by who knows whom (RFC 3207 6)
        try:
            with self._faults():
                self._socket.settimeout(self._left())
                self._socket = context.wrap_socket(self._socket, server_hostname=name)
        except ssl.CertificateError as error:
            raise LineFault("certificate", error.verify_message or str(error)) from error

    def close(self) -> None:
        """Hang up."""
        self._ended = True
        self._socket.close()

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= MAX_LINE:
            self._receive()
        if not 0 <= end <= MAX_LINE:
            raise LineFault("garbled", f"a reply line of more than {MAX_LINE} bytes")
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def _receive(self) -> None:
        if self._ended:
            raise LineFault("closed")
        with self._faults():
            self._socket.settimeout(self._left())
            self._take(self._socket.recv(4096))

    def _take(self, data: bytes) -> None:
        self._buffer += data
        self._ended = not data

    def _left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise LineFault("timeout") from None
        except ssl.CertificateError:
            raise
        except ssl.SSLEOFError as error:
            raise LineFault("closed", str(error)) from error
        except ssl.SSLError as error:
            raise LineFault("tls_failed", error.reason or str(error)) from error
        except OSError as error:
            raise LineFault("closed", error.strerror or str(error)) from error
