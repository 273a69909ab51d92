"""Bytes to and from an IMAP server: all by one deadline, in large pieces, and no line can fill the memory."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from select import POLLIN, POLLOUT, poll
from time import monotonic

from edupulse.mail.wire import LineFault

PIECE = 256 * 1024  # bytes read at once; under TLS a record of 16 kB is what comes
MAX_LINE = 16 * 1024 * 1024  # bytes; a SEARCH answers one line, and 1.5 million UIDs fit into this one
# Bytes per second of the slowest line on which mail is still fetched: each byte that arrives moves the deadline on
# by so much, so a big answer gets its time, and a server that drips a byte a second gains nothing.
SLOWEST = 16_000

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_LONGEST_WAIT = 3600.0  # seconds that one poll may take; its milliseconds must fit an int


class Wire:
    """One connection. `limit` is the instant of the monotonic clock at which all of it ends, whatever flows."""

    def __init__(self, sock: socket.socket, limit: float) -> None:
        self.limit = limit
        self._deadline = limit
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer that hold no line end
        self._watch(sock)

    def allow(self, seconds: float) -> None:
        """Let what follows take this long, more only as bytes arrive, and never longer than `limit`."""
        self._deadline = monotonic() + seconds

    def prolong(self, seconds: float) -> None:
        """Let the connection last this long from now, if it may not last longer anyway."""
        self.limit = max(self.limit, monotonic() + seconds)

    @property
    def cipher(self) -> str:
        """Return the TLS version in use, empty in clear."""
        return (self._socket.version() or "") if isinstance(self._socket, ssl.SSLSocket) else ""

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raises LineFault."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except _NOT_YET as not_yet:
                self._wait(not_yet, POLLOUT)
            except OSError as error:
                raise _fault(error) from None

    def line(self) -> bytes:
        """Read one line, without its end. Raises LineFault."""
        buffer = self._buffer
        while (end := buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(buffer)
            if self._searched > MAX_LINE:
                raise LineFault("garbled", f"a line of more than {MAX_LINE} bytes")
            self._receive()
        line = bytes(buffer[:end])
        self._drop(end + 1)
        return line[:-1] if line.endswith(b"\r") else line

    def take(self, size: int) -> bytes:
        """Read exactly `size` bytes. Raises LineFault."""
        while len(self._buffer) < size:
            self._receive()
        with memoryview(self._buffer) as view:
            data = bytes(view[:size])
        self._drop(size)
        return data

    def pour(self, size: int, write: Callable[[bytes], object]) -> None:
        """Read exactly `size` bytes and hand them on as they come. Raises LineFault."""
        left = size
        while left:
            if not self._buffer:
                self._receive()
            piece = bytes(self._buffer[:left])
            self._drop(len(piece))
            write(piece)
            left -= len(piece)

    def encrypt(self, context: ssl.SSLContext, name: str) -> None:
        """Go on under TLS, the server's certificate verified for `name`. Raises LineFault."""
        if self._buffer:
            raise LineFault(
                "tls_injected"
            )  # said before TLS by who knows whom (RFC 3501 11.1, as RFC 3207 6)
        try:
            self._socket.settimeout(self._left())  # for the whole handshake
            self._watch(context.wrap_socket(self._socket, server_hostname=name))
        except ssl.CertificateError as error:
            raise LineFault("certificate", error.verify_message or str(error)) from None
        except OSError as error:
            raise _fault(error) from None

    def leave(self, farewell: bytes) -> None:
        """Say `farewell` if that takes no waiting, and hang up."""
        with suppress(OSError):  # it has hung up before us, or hears nothing
            self._socket.send(farewell)
        self._socket.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _watch(self, sock: socket.socket) -> None:
        # Never blocking: most bytes are there when we look, and waiting for the others is `_wait`'s business.
        sock.settimeout(0)
        self._socket = sock
        self._polls = {POLLIN: poll(), POLLOUT: poll()}
        for event, each in self._polls.items():
            each.register(sock, event)

    def _receive(self) -> None:
        while True:
            try:
                data = self._socket.recv(PIECE)
            except _NOT_YET as not_yet:
                self._wait(not_yet, POLLIN)
            except OSError as error:
                raise _fault(error) from None
            else:
                return self._append(data)

    def _append(self, data: bytes) -> None:
        if not data:
            raise LineFault("closed")
        self._left()  # a server that never stops talking is never waited for
        self._buffer += data
        self._deadline += len(data) / SLOWEST

    def _drop(self, size: int) -> None:
        del self._buffer[:size]  # cheap: CPython only moves the start
        self._searched = 0

    def _wait(self, reason: OSError, usual: int) -> None:
        # Under TLS a read may first have to write and a write to read.
        read, write = isinstance(reason, ssl.SSLWantReadError), isinstance(reason, ssl.SSLWantWriteError)
        event = POLLIN if read else POLLOUT if write else usual
        self._polls[event].poll(ceil(1000 * min(self._left(), _LONGEST_WAIT)))
        self._left()

    def _left(self) -> float:
        left = min(self._deadline, self.limit) - monotonic()
        if left <= 0:
            raise LineFault("timeout")
        return left


def _fault(error: OSError) -> LineFault:
    if isinstance(error, TimeoutError):
        return LineFault("timeout")
    if isinstance(error, ssl.SSLEOFError):
        return LineFault("closed", str(error))
    if isinstance(error, ssl.SSLError):
        return LineFault("tls_failed", error.reason or str(error))
    return LineFault("closed", error.strerror or str(error))
