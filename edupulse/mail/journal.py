"""What a sending thread notes on its own disk: which final dot goes out, which answer came; a crash leaves these lines.

One file per thread in `<data folder>/sending`, written over from its beginning with each claim. A mark costs a
microsecond and survives every death of the process. The thread holds a lock on its file, which the kernel releases
however the process dies: nobody has to guess by names, numbers or clocks whether somebody still sends. Against a power
cut the ids that may go out next are on the disk before the first of them goes: as many as went in the last
milliseconds, so that waiting for the disk costs next to nothing on a fast line and leaves no doubt about other mails on
a slow one.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from edupulse.config import current_settings
from edupulse.control.workers import current_worker_name
from edupulse.errors import Unavailable
from edupulse.mail.evidence import Evidence, as_line, boot_id, read_lines
from edupulse.mail.held_file import hold
from edupulse.mail.outcome import Outcome

FOLDER = "sending"
SYNC_EVERY = (
    0.02  # seconds between two waits for the disk on a fast line: so much work a power cut makes doubtful
)
MOST_AHEAD = 100  # mails announced at once


class Journal:
    """The lines of one thread. `begin` a claim, then `dot` and `answer` for each of its mails."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._file = hold(path, os.O_CREAT)
        self.path = path
        self._synced_at = 0.0
        self._since = 0  # dots since the last wait
        self._token = b""
        self._position = 0
        self._waiting: Sequence[int] = ()
        self._announced: set[int] = set()
        self.evidence = Evidence()
        self.is_over = True  # all of the claim is in the ledger
        _sync_folder(path.parent)

    def begin(self, token: str) -> None:
        """Write over what the last claim left."""
        self._token = token.encode()
        self._position = 0
        self._announced = set()
        self.evidence = Evidence()
        self.is_over = False
        self._write("claim", boot_id())
        # On the disk before the claim is: after a power cut a claim without a dot is known to be one.
        os.fdatasync(self._file.fileno())

    def expect(self, delivery_ids: Sequence[int]) -> None:
        """Tell in which order the mails of the claim will go."""
        self._waiting = delivery_ids

    def dot(self, delivery_id: int) -> None:
        """Note that the dot of this mail goes out now. Raises Unavailable: then it must not go."""
        self._since += 1
        if delivery_id in self._announced:
            self._write("dot", delivery_id)
        else:
            self._announce(self._coming(delivery_id, self._ahead()), delivery_id)
        self.evidence.note_dot(delivery_id)

    def answer(self, delivery_id: int, outcome: Outcome) -> None:
        """Note what came of it."""
        self.evidence.answers[delivery_id] = outcome
        self._write("answer", delivery_id, as_line(outcome))

    def again(self, delivery_id: int) -> None:
        """Note that the answer is in the ledger and the mail still in hand: it is tried once more."""
        self.evidence.forget(delivery_id)
        self._write("again", delivery_id)

    def end(self) -> None:
        """Note that nothing of the claim is in hand any more."""
        self.is_over = True

    @property
    def is_left(self) -> bool:
        """Tell whether nobody writes here any more."""
        return self._file.closed

    def leave(self) -> None:
        """Leave the file to whoever settles what is open in it."""
        self._file.close()

    def __del__(self) -> None:
        if file := getattr(self, "_file", None):  # not there if it could not be opened
            file.close()

    def _announce(self, coming: Sequence[int], delivery_id: int) -> None:
        self._write("soon", *coming)
        self._write("dot", delivery_id)
        os.fdatasync(self._file.fileno())
        self._announced.update(coming)
        self._synced_at, self._since = monotonic(), 0

    def _ahead(self) -> int:
        """Return how many mails go in SYNC_EVERY at the pace of those since the last wait."""
        passed = monotonic() - self._synced_at
        return max(1, min(MOST_AHEAD, int(self._since * SYNC_EVERY / passed))) if passed else MOST_AHEAD

    def _coming(self, delivery_id: int, count: int) -> list[int]:
        if delivery_id not in self._waiting:
            return [delivery_id]
        place = self._waiting.index(delivery_id)
        return [id for id in self._waiting[place : place + count] if id not in self._announced]

    def _write(self, *words: object) -> None:
        line = b"%b %b\n" % (self._token, " ".join(map(str, words)).encode())
        with _refusing():
            if os.pwrite(self._file.fileno(), line, self._position) != len(line):
                # Written over by the next one: half a line in between would hide what follows it.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._position += len(line)


def own() -> Journal:
    """Return a journal of the calling thread in which no claim is open. Raises Unavailable if it cannot be written."""
    known: Journal | None = getattr(_local, "journal", None)
    if known is not None:
        if known.is_over and not known.is_left and known.path.parent == _folder():
            return known
        known.leave()
    with _refusing():
        made = _new()
    _local.journal = made
    return made


def files(tokens: Iterable[str] | None = None) -> dict[str, Path]:
    """Return which file of this machine tells of which claim: of `tokens`, or of all there are."""
    wanted = None if tokens is None else set(tokens)
    return {
        token: path
        for path in (_files() if wanted is None or wanted else ())
        if (token := _token_in(path)) and (wanted is None or token in wanted)
    }


def read(path: Path, token: str) -> Evidence | None:
    """Return what a file says about a claim; None if it tells of another one by now, or is not there any more."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return None
    is_about_it = lines[0].startswith(b"%b claim " % token.encode())
    return read_lines(token.encode(), lines) if is_about_it else None


@contextmanager
def taken(path: Path) -> Iterator[bool]:
    """Have a file for ourselves in the block; False while somebody writes it, or settles what another one left."""
    try:
        file = hold(path)
    except OSError:
        yield False
        return
    with file:
        yield True


_local = threading.local()


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cure = f"Make {_folder()} writable and leave room on the disk."
        raise Unavailable(f"Nothing can be sent: {error.strerror}.", cure=cure) from error


def _new() -> Journal:
    name = f"{current_worker_name()}-{threading.get_native_id()}-{secrets.token_hex(3)}"
    try:
        return Journal(_folder() / name)
    except (BlockingIOError, FileNotFoundError):
        # Somebody looked at it between its making and its lock; its name is free again, or its lock.
        return Journal(_folder() / f"{name}-again")


def _token_in(path: Path) -> str:
    try:
        with path.open("rb") as file:
            token, _, rest = file.readline(200).partition(b" ")
    except OSError:
        return ""
    return token.decode(errors="replace") if rest.startswith(b"claim ") else ""


def _files() -> list[Path]:
    folder = _folder()
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _folder() -> Path:
    return current_settings().data_dir / FOLDER


def _sync_folder(folder: Path) -> None:
    # The file's name must outlast a power cut too.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
