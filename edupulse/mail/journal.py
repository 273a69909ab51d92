"""What a sending thread notes on its own disk: which final dot goes out, which answer came; a crash leaves these lines.

One file per thread in `<data folder>/sending`, written over from its beginning with each claim. A mark costs a
microsecond and survives every death of the process. Against a power cut the ids that may go out next are on the disk
before the first of them goes: as many as went in the last milliseconds, so that waiting for the disk costs next to
nothing on a fast line and leaves no doubt about other mails on a slow one.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

from edupulse.config import current_settings
from edupulse.control.workers import current_worker_name
from edupulse.errors import Unavailable
from edupulse.mail.outcome import Outcome, Phase, Verdict

FOLDER = "sending"
SYNC_EVERY = (
    0.02  # seconds between two waits for the disk on a fast line: so much work a power cut makes doubtful
)
MOST_AHEAD = 100  # mails announced at once
LONGEST_ANSWER = 300  # characters of a server's answer that a line keeps


@dataclass
class Evidence:
    """What a claim's lines say: the mails whose dot may have gone out, and the answers that came."""

    dots: set[int] = field(default_factory=set)
    answers: dict[int, Outcome] = field(default_factory=dict)

    @property
    def doubtful(self) -> set[int]:
        """The mails of which nobody knows."""
        return self.dots - self.answers.keys()

    def note_dot(self, delivery_id: int) -> None:
        """Take in that a dot goes out: an earlier answer was to an earlier try."""
        self.dots.add(delivery_id)
        self.answers.pop(delivery_id, None)

    def forget(self, delivery_id: int) -> None:
        """Take in that an earlier try is over and written down."""
        self.dots.discard(delivery_id)
        self.answers.pop(delivery_id, None)


class Journal:
    """The lines of one thread. `begin` a claim, then `dot` and `answer` for each of its mails."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.path = path
        self._synced_at = 0.0
        self._since = 0  # dots since the last wait
        self._token = b""
        self._position = 0
        self._waiting: Sequence[int] = ()
        self._announced: set[int] = set()
        self.evidence = Evidence()
        self.is_over = False  # all of the claim is in the ledger
        _sync_folder(path.parent)

    def begin(self, token: str) -> None:
        """Write over what the last claim left."""
        self._token = token.encode()
        self._position = 0
        self._announced = set()
        self.evidence = Evidence()
        self.is_over = False
        self._write("claim", boot_id())

    def expect(self, delivery_ids: Sequence[int]) -> None:
        """Tell in which order the mails of the claim will go."""
        self._waiting = delivery_ids

    def dot(self, delivery_id: int) -> None:
        """Note that the dot of this mail goes out now."""
        self.evidence.note_dot(delivery_id)
        self._since += 1
        if delivery_id in self._announced:
            self._write("dot", delivery_id)
            return
        coming = self._coming(delivery_id, self._ahead())
        self._announced.update(coming)
        self._write("soon", *coming)
        self._write("dot", delivery_id)
        os.fdatasync(self._file)
        self._synced_at, self._since = monotonic(), 0

    def answer(self, delivery_id: int, outcome: Outcome) -> None:
        """Note what came of it."""
        self.evidence.answers[delivery_id] = outcome
        self._write("answer", delivery_id, json.dumps(_short(outcome)))

    def again(self, delivery_id: int) -> None:
        """Note that the answer is in the ledger and the mail still in hand: it is tried once more."""
        self.evidence.forget(delivery_id)
        self._write("again", delivery_id)

    def end(self) -> None:
        """Note that nothing of the claim is in hand any more."""
        self.is_over = True

    def close(self) -> None:
        """Forget the file: nothing of it is open."""
        os.close(self._file)
        self.path.unlink(missing_ok=True)

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
        self._position += os.pwrite(self._file, line, self._position)


def own() -> Journal:
    """Return the journal of the calling thread, a new one after a fork. Raises Unavailable if it cannot be written."""
    path = _folder() / f"{current_worker_name()}-{os.getpid()}-{threading.get_native_id()}"
    known: Journal | None = getattr(_local, "journal", None)
    if known is not None and known.path == path:
        return known
    try:
        made = Journal(path)
    except OSError as error:
        cure = f"Make {_folder()} writable and leave room on the disk."
        raise Unavailable(f"Nothing can be sent: {error.strerror}.", cure=cure) from error
    _local.journal = made
    return made


def of_dead(tokens: Iterable[str]) -> dict[str, Evidence]:
    """Return what threads of this machine have left about the claims `tokens`, as far as they have left anything."""
    wanted = set(tokens)
    return {
        token: _read(token.encode(), path.read_bytes().split(b"\n"))
        for path in (_files() if wanted else ())
        if (token := _token_in(path)) in wanted
    }


def of_gone() -> dict[str, Evidence]:
    """Return what processes of this machine left that exist no more, by claim."""
    return of_dead(_token_in(path) for path in _files() if not psutil.pid_exists(_pid_of(path)))


def remove(tokens: Iterable[str]) -> int:
    """Remove the files that tell of these claims; return how many."""
    done = set(tokens)
    paths = [path for path in _files() if not psutil.pid_exists(_pid_of(path)) and _token_in(path) in done]
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def boot_id() -> str:
    """Return what tells one start of this machine from another."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


_local = threading.local()


def _pid_of(path: Path) -> int:
    return int(path.name.split("-")[-2])


def _token_in(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(200).partition(b" ")[0].decode(errors="replace")


def _read(token: bytes, lines: Sequence[bytes]) -> Evidence:
    evidence, announced, is_same_boot = Evidence(), set[int](), True
    for words in _words(token, lines):
        match words:
            case ["claim", boot]:
                is_same_boot = boot == boot_id()
            case ["soon", *ids]:
                announced.update(map(int, ids))
            case ["dot", id]:
                evidence.note_dot(int(id))
            case ["answer", id, *rest]:
                evidence.answers[int(id)] = _outcome(json.loads(" ".join(rest)))
            case ["again", id]:
                evidence.forget(int(id))
    if not is_same_boot:  # the power was cut: marks may be missing, announcements are not
        evidence.dots |= announced - evidence.answers.keys()
    return evidence


def _words(token: bytes, lines: Sequence[bytes]) -> Iterator[list[str]]:
    # What an earlier, longer claim has left behind the last line has another token; a line cut short is no line.
    for line in lines[:-1]:
        mine, _, rest = line.partition(b" ")
        if mine != token:
            return
        yield rest.decode(errors="replace").split(" ")


def _short(outcome: Outcome) -> dict[str, Any]:
    return vars(outcome) | {"text": outcome.text[:LONGEST_ANSWER]}


def _outcome(values: dict[str, Any]) -> Outcome:
    return Outcome(**values | {"phase": Phase(values["phase"]), "verdict": Verdict(values["verdict"])})


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
