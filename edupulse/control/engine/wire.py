"""What the processes of the engine say to each other on a socket: one JSON object a line, and an outcome as one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from edupulse.control.outcomes import plain
from edupulse.control.run import Failure, Outcome, Run

PIECE = 65_536  # bytes read at once


class Lines:
    """One end of a stream. A line that was cut off by a death is passed over."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream, self._rest = stream, b""
        self._waiting: list[dict[str, Any]] = []  # read, and not yet asked for

    def say(self, **facts: Any) -> None:
        """Send one line. Raises OSError when nobody listens any more."""
        self._stream.sendall(b"\n" + json.dumps(facts).encode() + b"\n")

    def hear(self, flags: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the lines that have come, after waiting for some; raises EOFError when no more will come.

        With socket.MSG_DONTWAIT, or when the stream's timeout is over, it yields nothing instead of waiting.
        """
        waiting, self._waiting = self._waiting, []
        yield from waiting or self._read(flags)

    def first(self) -> dict[str, Any]:
        """Return the next line, however many pieces it comes in."""
        while not (lines := list(self.hear())):
            pass  # it has waited, and a part of a line has come
        self._waiting = lines[1:]
        return lines[0]

    def _read(self, flags: int) -> list[dict[str, Any]]:
        with suppress(BlockingIOError, TimeoutError):
            piece = self._stream.recv(PIECE, flags)
            if not piece:
                raise EOFError
            *whole, self._rest = (self._rest + piece).split(b"\n")
            return _parsed(whole)
        return []


def to_plain(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as JSON can hold it; the run is known on the other side."""
    failure = outcome.failure
    return {
        "state": outcome.state,
        "result": plain(outcome.result),
        "failure": None if failure is None else {name: getattr(failure, name) for name in failure.__slots__},
        "ended_at": outcome.ended_at.isoformat(),
        "written": outcome.written,
    }


def from_plain(run: Run, told: dict[str, Any]) -> Outcome:
    """Return the outcome of `run` that `to_plain` has written."""
    failure = Failure(**told["failure"]) if told["failure"] else None
    ended_at = datetime.fromisoformat(told["ended_at"])
    return Outcome(run, told["state"], told["result"], failure, ended_at, told["written"])


def _parsed(lines: list[bytes]) -> list[dict[str, Any]]:
    parsed = []
    for line in filter(None, lines):
        with suppress(ValueError):
            parsed.append(json.loads(line))
    return parsed
