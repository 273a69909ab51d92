"""What an SMTP double does instead of the usual: at this point, for this connection or mail, do that."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.doubles.smtp_double import Conversation

Action = Callable[["Conversation"], Awaitable[None]]
Condition = Callable[["Conversation"], bool]


@dataclass
class Rule:
    """One deviation. Numbers count from 1: `mail` within a connection, `overall` over all connections."""

    at: str
    actions: tuple[Action, ...]
    connection: int | None = None
    mail: int | None = None
    overall: int | None = None
    recipient: str | None = None
    times: int | None = None
    when: Condition | None = None
    used: int = field(default=0, init=False)

    def takes(self, step: str, c: Conversation) -> bool:
        """Tell whether this rule is for `step` now, and count it."""
        wanted = (
            step == self.at
            and self.connection in (None, c.number)
            and self.mail in (None, c.mails)
            and self.overall in (None, c.overall)
            and self.recipient in (None, c.rcpt)
            and (self.times is None or self.used < self.times)
            and (self.when is None or self.when(c))
        )
        self.used += wanted
        return wanted


def on(
    at: str,
    *actions: Action,
    connection: int | None = None,
    mail: int | None = None,
    overall: int | None = None,
    recipient: str | None = None,
    times: int | None = None,
    when: Condition | None = None,
) -> Rule:
    """Say what to do instead of the usual.

    `at` is one of: greeting, ehlo, helo, starttls, auth, mail, rcpt, data, body (before a byte of it is
    read), dot (all of it is read), rset, quit. The first rule that fits is taken, at most `times` times.
    """
    return Rule(at, actions, connection, mail, overall, recipient, times, when)


async def usual(c: Conversation) -> None:
    """Do what would be done without a rule."""
    await c.usual()


async def accept(c: Conversation) -> None:
    """Take the mail: it counts as delivered, whatever is answered."""
    c.accept()


async def close(c: Conversation) -> None:
    """Hang up."""
    c.hang_up()


async def reset(c: Conversation) -> None:
    """Hang up with a TCP reset."""
    raw_socket: socket.socket = c.writer.get_extra_info("socket")
    raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.hang_up()


async def flush(c: Conversation) -> None:
    """Throw away what the client has sent ahead, as servers do that offer PIPELINING and do not mean it."""
    await asyncio.sleep(0.01)  # until all of it is here
    c.reader._buffer.clear()  # type: ignore[attr-defined]


async def encrypt(c: Conversation) -> None:
    """Begin TLS."""
    await c.encrypt()


async def stall(c: Conversation) -> None:
    """Neither read nor answer any more, without hanging up."""
    c.writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


def usual_saying(answer: str | bytes) -> Action:
    """Do the usual, but answer this instead."""

    async def act(c: Conversation) -> None:
        c.instead = _bytes(answer) + b"\r\n"
        await c.usual()

    return act


def reply(*lines: str | bytes) -> Action:
    """Answer these lines at once."""
    return raw(b"".join(_bytes(line) + b"\r\n" for line in lines))


def raw(data: str | bytes) -> Action:
    """Send exactly this."""

    async def act(c: Conversation) -> None:
        await c.say(_bytes(data))

    return act


def drip(data: str | bytes, every: float) -> Action:
    """Send this one byte at a time, `every` seconds."""

    async def act(c: Conversation) -> None:
        for byte in _bytes(data):
            await c.say(bytes([byte]))
            await asyncio.sleep(every)

    return act


def pour(data: str | bytes, times: int) -> Action:
    """Send this again and again."""

    async def act(c: Conversation) -> None:
        for _ in range(times):
            await c.say(_bytes(data))

    return act


def wait(seconds: float) -> Action:
    """Do nothing for a while."""

    async def act(c: Conversation) -> None:
        await asyncio.sleep(seconds)

    return act


def read(count: int) -> Action:
    """Read this many bytes and forget them."""

    async def act(c: Conversation) -> None:
        await c.reader.readexactly(count)

    return act


def faster_than(per_second: int) -> Condition:
    """Be true for what comes faster than this."""
    allowed: deque[float] = deque(maxlen=per_second)

    def too_fast(c: Conversation) -> bool:
        now = monotonic()
        if len(allowed) == per_second and now - allowed[0] < 1.0:
            return True
        allowed.append(now)
        return False

    return too_fast


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
