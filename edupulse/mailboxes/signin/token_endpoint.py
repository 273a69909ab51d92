"""One question to a provider's token end point and its answer, bounded in time and size; nothing of it is shown."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from edupulse.errors import Unavailable
from edupulse.secret import Secret

STEP_SECONDS = 5.0  # for connecting, for TLS and for sending; each is over in a tenth of it, or not at all
ANSWER_SECONDS = 10.0  # for the whole answer, however slowly it drips
LONGEST_ANSWER = 65_536  # bytes; an answer has about 4,000
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What the end point said: an HTTP status, and the values of its JSON (RFC 6749 5.1 and 5.2)."""

    status: int
    values: Mapping[str, Any] = field(repr=False)


def ask(url: str, form: Mapping[str, Secret]) -> Answer:
    """Post `form` and return the answer; no redirection is followed. Raises Unavailable where there is none."""
    found = _exchange(url, Secret(urlencode({name: value.reveal() for name, value in form.items()})))
    if isinstance(found, Answer):
        return found
    # Raised here and not where it happened: the frames of the HTTP client hold the form in their variables.
    raise Unavailable(f"{urlsplit(url).hostname} does not answer ({found}).", cure="It is tried again later.")


def _exchange(url: str, body: Secret) -> Answer | str:
    """Return the answer, or the name of what went wrong."""
    try:
        with closing(_connected(url)) as connection:
            connection.request("POST", urlsplit(url).path, body.reveal().encode(), HEADERS)
            with connection.getresponse() as response:
                return _read(response)
    except (OSError, HTTPException) as error:
        return type(error).__name__


def _connected(url: str) -> HTTPConnection:
    place = urlsplit(url)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    connection = kind(place.hostname or "", place.port, timeout=STEP_SECONDS)
    connection.response_class = _Response
    connection.connect()
    return connection


def _read(response: HTTPResponse) -> Answer:
    try:
        values = json.loads(response.read(LONGEST_ANSWER))
    except (ValueError, RecursionError):  # e.g. the HTML page of a server in front of it
        values = None
    return Answer(response.status, values if isinstance(values, dict) else {})


class _Response(HTTPResponse):
    """An answer that has to be there in time as a whole."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_InTime(sock))


class _InTime(io.RawIOBase):
    """Reads from a socket until the time of all readings together is over."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)  # it keeps the socket open while somebody reads
        self._ends = monotonic() + ANSWER_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
