"""Bytes to and from a mail server: all by one deadline, and no reply can fill the memory."""

from __future__ import annotations

import re
import socket
import ssl
from math import ceil, inf
from select import POLLIN, POLLOUT, poll
from time import monotonic

from edupulse.mail.replies import Reply, ReplyLine, legible, read_line

MAX_LINE = 8 * 1024  # bytes; RFC 5321 4.5.3.1.5 allows 512, some providers explain themselves at length
MAX_LINES = 128  # of one reply; the longest EHLO answers have about 30
CHUNK = 64 * 1024  # bytes written at once

_LONGEST_WAIT = 3600.0  # seconds that one poll may take; its milliseconds must fit an int
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
# The usual reply: one line as RFC 5321 4.2 writes it. All others are read line by line.
_PLAIN = re.compile(rb"([2-5][0-9][0-9]) ([^\r\n]*)\r\n")


class LineFault(Exception):
    """The line to the server is of no more use; `cause` is a stable word, `detail` what the system said."""

    def __init__(self, cause: str, detail: str = "") -> None:
        super().__init__(detail or cause)
        self.cause = cause
        self.detail = detail


class Wire:
    """One connection. `deadline` is an instant of the monotonic clock that all that follows must keep.

    `handed` is how much of the latest `write` the server may have: in clear the bytes that the kernel took;
    under TLS also the record that was being written when it failed, for nobody can tell what left of it.
    """

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._buffer = b""
        self._ended = False
        self._watch(sock)
        self.deadline = deadline
        self.handed = 0

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

    def write(self, data: bytes, patience: float = inf, dot: float = inf) -> None:
        """Send all of `data`, never without progress for `patience` seconds.

        `dot` is where in `data` a mail ends: once it has left, the server may answer while the rest is written.
        Raises LineFault, also when the server speaks before its turn or hangs up meanwhile.
        """
        self.handed, size = 0, len(data)
        if monotonic() >= self.deadline:
            raise LineFault("timeout")
        while True:
            rest = (
                memoryview(data)[self.handed : self.handed + CHUNK] if size > CHUNK else data[self.handed :]
            )
            self._send(rest, patience)
            if self.handed >= size:
                return
            if self.handed < dot:
                self.require_silence()

    def reply(self) -> Reply:
        """Read one whole reply. Raises LineFault if it does not come in time, or is none."""
        while not (found := _PLAIN.match(self._buffer)):
            if b"\n" in self._buffer or len(self._buffer) > MAX_LINE:
                return self._reply_by_lines()
            self._receive()
        if found.end() > MAX_LINE:
            return self._reply_by_lines()
        self._buffer = self._buffer[found.end() :]
        return Reply((ReplyLine(int(found[1]), False, found[2].strip()),))

    def passes(self, replies: re.Pattern[bytes]) -> bool:
        """Read past `replies` if they have arrived in just this form; if not, leave them for `reply`."""
        if found := replies.match(self._buffer):
            self._buffer = self._buffer[found.end() :]
        return found is not None

    @property
    def next_class(self) -> int:
        """Return the class, 2 to 5, of the reply that has arrived and was not read yet; 0 if there is none."""
        found = _PLAIN.match(self._buffer)
        return int(found[1]) // 100 if found else 0

    def listen(self) -> None:
        """Wait until the server has said something that was not read yet. Raises LineFault if it does not."""
        if not self._buffer:
            self._receive()

    def silent(self) -> bool:
        """Tell, without waiting, whether the server has neither spoken nor hung up since its last reply."""
        if not self._buffer and not self._ended:
            try:
                self._take(self._socket.recv(4096))
            except _NOT_YET:
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
            self._socket.settimeout(self._left())
            self._watch(context.wrap_socket(self._socket, server_hostname=name))
        except ssl.CertificateError as error:
            raise LineFault("certificate", error.verify_message or str(error)) from error
        except OSError as error:
            raise _fault(error) from error

    def close(self) -> None:
        """Hang up."""
        self._ended = True
        self._socket.close()

    def _watch(self, sock: socket.socket) -> None:
        # Never blocking: most answers are there when we look, and waiting for the others is `_wait`'s business.
        sock.settimeout(0)
        self._socket = sock
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._polls = {POLLIN: poll(), POLLOUT: poll()}
        for event, each in self._polls.items():
            each.register(sock, event)

    def _send(self, data: bytes | memoryview, patience: float) -> None:
        before = self.handed
        while True:
            try:
                if self._secure:
                    self.handed = before + len(data)
                self.handed = before + self._socket.send(data)
                return
            except _NOT_YET as not_yet:
                self._wait(not_yet, POLLOUT, patience)
            except OSError as error:
                raise _fault(error) from error

    def _receive(self) -> None:
        if self._ended:
            raise LineFault("closed")
        while True:
            try:
                return self._take(self._socket.recv(4096))
            except _NOT_YET as not_yet:
                self._wait(not_yet, POLLIN, inf)
            except OSError as error:
                raise _fault(error) from error

    def _wait(self, reason: OSError, usual: int, patience: float) -> None:
        # Under TLS a read may first have to write and a write to read.
        read, write = isinstance(reason, ssl.SSLWantReadError), isinstance(reason, ssl.SSLWantWriteError)
        event = POLLIN if read else POLLOUT if write else usual
        left = min(self._left(), patience, _LONGEST_WAIT)
        if not self._polls[event].poll(ceil(1000 * left)) and left < _LONGEST_WAIT:
            raise LineFault("timeout")

    def _left(self) -> float:
        left = self.deadline - monotonic()
        if left <= 0:
            raise LineFault("timeout")
        return left

    def _reply_by_lines(self) -> Reply:
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

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= MAX_LINE:
            self._receive()
        if not 0 <= end <= MAX_LINE:
            raise LineFault("garbled", f"a reply line of more than {MAX_LINE} bytes")
        line, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
        return line

    def _take(self, data: bytes) -> None:
        self._buffer += data
        self._ended = not data


def _fault(error: OSError) -> LineFault:
    if isinstance(error, TimeoutError):
        return LineFault("timeout")
    if isinstance(error, ssl.SSLEOFError):
        return LineFault("closed", str(error))
    if isinstance(error, ssl.SSLError):
        return LineFault("tls_failed", error.reason or str(error))
    return LineFault("closed", error.strerror or str(error))
