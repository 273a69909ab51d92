"""Polling against its peers: one Dovecot, the same mailbox, the same distance; rates are the median of the rounds."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import idle_boxes, inbox
from benchmarks.debian import program
from benchmarks.delay_proxy import delayed
from benchmarks.engines.environment import PROJECT, peers_python
from benchmarks.engines.place import Place, place
from benchmarks.figures import Figure, at_least, at_most, seen
from tests.mailboxes.dovecot import Dovecot

ROUNDS = 3  # taken in turns, so that a busy minute of the machine meets everybody
MESSAGES, SIZE = 2_000, 11_000
FEW = 200  # messages for whoever asks for one at a time
DRAIN = 500
ROUND_TRIP_MS = 50
LARGE = (50_000_000, 200_000_000)

OURS = "EduPulse, bytes stored, ledger written"
MBSYNC = "mbsync into a Maildir"
BULK = "imap-tools, bulk=50, into memory"
SINGLY = "imap-tools, as it comes, into memory"


def run() -> Iterator[Figure]:
    """Yield each figure as it is known."""
    with ExitStack() as stack:
        here = stack.enter_context(place())
        server = stack.enter_context(_dovecot())
        bench = _Bench(here, server, stack.enter_context(delayed(server.port, ROUND_TRIP_MS)))
        yield from bench.fetching()
        yield from bench.draining()
        yield from bench.idle()
        yield from bench.processing()
        yield from bench.memory()


@dataclass(frozen=True)
class _Bench:
    place: Place
    server: Dovecot
    far: int  # the port at which the server is ROUND_TRIP_MS away

    def fetching(self) -> Iterator[Figure]:
        """Fetch the same mailbox with each of them, in turns."""
        self._fill("full", MESSAGES)
        self._fill("few", FEW)
        engines: dict[str, Callable[[], float]] = {
            OURS: lambda: self._ours("fetch", "full"),
            MBSYNC: lambda: self._mbsync("full"),
            BULK: lambda: self._imap_tools("full", 50),
            SINGLY: lambda: self._imap_tools("few", 0),
        }
        found: dict[str, list[float]] = {name: [] for name in engines}
        for _ in range(ROUNDS):
            for name, measure in engines.items():
                found[name].append(measure())
        rate = {name: statistics.median(many) for name, many in found.items()}
        away = f"{ROUND_TRIP_MS} ms away"
        yield at_least("poll", f"{away}, {MESSAGES} messages: {OURS}", rate[OURS], "1/s", 400)
        for name in (MBSYNC, BULK, SINGLY):
            yield seen("poll", f"{away}: {name}", rate[name], "1/s")
        yield at_least("poll", "ratio to mbsync", rate[OURS] / rate[MBSYNC], "x", 1.0)
        yield at_least("poll", "ratio to imap-tools, bulk=50", rate[OURS] / rate[BULK], "x", 1.0)
        yield seen("poll", "ratio to imap-tools, as it comes", rate[OURS] / rate[SINGLY], "x")

    def draining(self) -> Iterator[Figure]:
        """Fetch what a short outage has left."""
        self._fill("drain", DRAIN)
        seconds = DRAIN / self._ours("fetch", "drain")
        yield at_most("poll", f"{ROUND_TRIP_MS} ms away: {DRAIN} messages are fetched in", seconds, "s", 5.0)

    def idle(self) -> Iterator[Figure]:
        """Let one worker process poll a thousand mailboxes in which nothing is new."""
        seconds = idle_boxes.seconds(self.place, self.server, self.far)
        name = f"{ROUND_TRIP_MS} ms away: idle mailboxes, one worker process"
        yield at_least("poll", name, 60 * idle_boxes.MAILBOXES / seconds, "1/min", 1000)

    def processing(self) -> Iterator[Figure]:
        """Read messages: parsed, classified, dispatched, recorded; by the processor time that it takes."""
        rates = [self._ours("process", "full", self.server.port) for _ in range(ROUNDS)]
        yield at_least("poll", "messages processed, one core", statistics.median(rates), "1/s", 300)

    def memory(self) -> Iterator[Figure]:
        """Weigh a process that has fetched and read one very large message."""
        for size in LARGE:
            user = f"large{size}"
            self.server.add_user(user)
            self.server.deliver(user, inbox.large(size))
            found = self._office("weigh", user, self.server.port)
            yield at_most(
                "poll", f"most memory (RSS), a message of {size // 10**6} MB", found["peak_mb"], "MB", 150
            )

    def _fill(self, user: str, many: int) -> None:
        self.server.add_user(user)
        self.server.deliver_many(user, inbox.letters(many, SIZE))

    def _ours(self, what: str, user: str, port: int = 0) -> float:
        found = self._office(what, user, port or self.far)
        return found["messages"] / found["seconds"]

    def _office(self, what: str, user: str, port: int) -> dict[str, float]:
        folder = Path(tempfile.mkdtemp(dir=self.place.folder))
        password = self.server.add_user(user)
        command = (sys.executable, "-m", "benchmarks.office", what, str(folder), str(port), user, password)
        done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
        shutil.rmtree(folder, ignore_errors=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def _imap_tools(self, user: str, bulk: int) -> float:
        words = (str(self.far), user, self.server.add_user(user), str(bulk))
        command = (str(peers_python()), "-m", "benchmarks.peers.imap_tools_fetch", *words)
        done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
        many, seconds = done.stdout.split()
        return int(many) / float(seconds)

    def _mbsync(self, user: str) -> float:
        folder = Path(tempfile.mkdtemp(dir=self.place.folder))
        config = folder / "mbsyncrc"
        config.write_text(
            _MBSYNC.format(port=self.far, user=user, password=self.server.add_user(user), folder=folder)
        )
        started = time.perf_counter()
        subprocess.run((program("mbsync", "isync"), "-q", "-c", str(config), "all"), check=True)
        seconds = time.perf_counter() - started
        many = len(list((folder / "INBOX" / "new").iterdir())) + len(
            list((folder / "INBOX" / "cur").iterdir())
        )
        shutil.rmtree(folder)
        return many / seconds


_MBSYNC = """\
IMAPAccount there
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account there

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull
SyncState *
"""


@contextmanager
def _dovecot() -> Iterator[Dovecot]:
    server = Dovecot()
    try:
        yield server.start()
    finally:
        server.remove()
