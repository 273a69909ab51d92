"""Commands and their answers: each command has a tag, may be sent ahead, and is answered in its turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from edupulse.mail.wire import LineFault
from edupulse.mailboxes.imap.failures import Failures
from edupulse.mailboxes.imap.responses import Done, Sink, Untagged, done_of, read_response, untagged_of
from edupulse.mailboxes.imap.wire import Wire

MAX_KEPT = 200_000  # responses to one command; a folder list is the longest that is honest
MAX_TEXT = 64 * 1024 * 1024  # bytes of their text, mail not counted
AHEAD = 3  # commands under way beside the one whose answer is read: hides the round trip, fills no memory

Command = tuple[str, bytes]  # the step that it belongs to, and what is sent behind the tag


class Answer(NamedTuple):
    """What a command brought: how it ended, and those of the things told before that were asked for."""

    step: str
    done: Done
    told: list[Untagged]


class Talk:
    """The conversation over one wire. Everything here raises ImapFailure.

    `patience` is the seconds that one answer may take; `ahead` how many commands may be under way beside it.
    """

    def __init__(self, wire: Wire, failures: Failures, *, patience: float, ahead: int = AHEAD) -> None:
        self.wire = wire
        self.failures = failures
        self.patience = patience
        self.step = "greeting"
        self._ahead = ahead
        self._is_over = False
        self._waiting: deque[tuple[bytes, str]] = deque()  # tags and steps of the commands without an answer
        self._numbers = count(1)
        self._told: list[Untagged] = []
        self._size = 0  # bytes of text in `_told`
        self._done: dict[bytes, Done] = {}  # answers to commands that are not at the front yet

    def ask(self, step: str, command: bytes, wanted: Container[str] = (), sink: Sink | None = None) -> Answer:
        """Send a command and read its answer; `wanted` names what to keep of what is told before it ends."""
        self.drain()
        self.send(step, command)
        return self.answer(wanted, sink)

    def sequence(self, commands: Iterable[Command], wanted: Container[str]) -> list[Answer]:
        """Send several commands at once and read all their answers."""
        return list(self.stream(commands, wanted))

    def stream(self, commands: Iterable[Command], wanted: Container[str]) -> Iterator[Answer]:
        """Yield the answers to `commands` in their order, the next ones always sent before one is read."""
        self.drain()
        for step, command in commands:
            self.send(step, command)
            if len(self._waiting) > self._ahead:
                yield self.answer(wanted)
        while self._waiting:
            yield self.answer(wanted)

    def rest(self, wanted: Container[str]) -> list[Answer]:
        """Read all answers that are under way, which a `stream` then does not yield any more."""
        answers = []
        while self._waiting:
            answers.append(self.answer(wanted))
        return answers

    def send(self, step: str, command: bytes) -> None:
        """Send a command; its answer is read later."""
        self.step = step
        tag = b"E%d" % next(self._numbers)
        self.say(b"%b %b" % (tag, command))
        self._waiting.append((tag, step))

    def answer(self, wanted: Container[str] = (), sink: Sink | None = None) -> Answer:
        """Read the answer to the first command that has none yet.

        A server may work at several commands at once (Dovecot does): what it tells meanwhile may belong to a
        later one, so whoever sends ahead must tell by the contents.
        """
        tag, self.step = self._waiting[0]
        with self.guarded():
            while tag not in self._done:
                self._take(self._next(sink), wanted)
        self._waiting.popleft()
        told, self._told, self._size = self._told, [], 0
        return Answer(self.step, self._done.pop(tag), told)

    def prompt(self, wanted: Container[str] = ()) -> bytes:
        """Wait until the server asks for more, and return the plus sign and what it says; b"" if it does not."""
        tag, self.step = self._waiting[0]
        with self.guarded():
            while tag not in self._done:
                if (pieces := self._next(None))[0].startswith(b"+"):
                    return pieces[0]
                self._take(pieces, wanted)
        return b""  # it has answered the command itself

    def say(self, line: bytes) -> None:
        """Send a line."""
        with self.guarded():
            try:
                self.wire.write(line + b"\r\n")
            except LineFault as fault:
                if fault.cause != "closed":
                    raise
                # The answers to earlier commands, and a BYE that says why, may be here all the same: whoever
                # reads the answer to this one finds them, and then the end.

    def greeting(self) -> Done:
        """Read the server's first words."""
        with self.guarded():
            untagged = untagged_of(read_response(self.wire))
            self._heed(untagged)
            return untagged.done

    def drain(self) -> None:
        """Read past the answers that nobody waits for any more."""
        self.rest(())

    def require(self, answer: Answer) -> Answer:
        """Return `answer` if the command went well. Raises ImapFailure for NO and BAD."""
        if answer.done.status != "OK":
            raise self.failures.refused(answer.step, answer.done)
        return answer

    def end(self) -> None:
        """Hang up, politely where that takes no time."""
        if not self._is_over:
            self._is_over = True
            self.wire.leave(b"E0 LOGOUT\r\n")

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Give what follows its time, and turn a broken line into the error that says what it means."""
        if self._is_over:
            raise self.failures.broken(self.step, LineFault("closed"))
        self.wire.allow(self.patience)
        try:
            yield
        except BaseException as error:
            self._is_over = True  # in the middle of an answer: nothing behind it could be understood
            self.wire.close()
            if isinstance(error, LineFault):
                raise self.failures.broken(self.step, error) from None
            raise

    def _next(self, sink: Sink | None) -> list[bytes]:
        pieces = [b""]
        while pieces == [b""]:  # some servers send an empty line now and then
            pieces = read_response(self.wire, sink)
        return pieces

    def _take(self, pieces: list[bytes], wanted: Container[str]) -> None:
        tag, _, rest = pieces[0].partition(b" ")
        if any(tag == each for each, _ in self._waiting):
            self._done[tag] = done_of(rest)
            return
        untagged = untagged_of(pieces)
        if untagged.name in wanted:
            self._keep(untagged)
        self._heed(untagged)

    def _keep(self, untagged: Untagged) -> None:
        self._told.append(untagged)
        self._size += len(untagged.pieces[0])
        if len(self._told) > MAX_KEPT or self._size > MAX_TEXT:
            raise LineFault("garbled", "no end of answers to one command")

    def _heed(self, untagged: Untagged) -> None:
        if untagged.name == "BYE":
            raise self.failures.refused(self.step, untagged.done)
