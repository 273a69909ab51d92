"""The mail line against its peers, all to one sink on this machine in one run; rates are the median of three rounds."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import postfix, wire
from benchmarks.delay_proxy import delayed
from benchmarks.engines.place import Place, place
from benchmarks.figures import Figure, at_least, at_most, seen
from benchmarks.mail_peers import MAIL_BYTES, Peers
from benchmarks.school import School

ROUNDS = 3  # taken in turns, so that a busy minute of the machine meets everybody
MAILS = 10_000
FEW, MANY = 1_000, 100_000  # recipients between which memory must hardly grow
ROUND_TRIP_MS = 20
FAR_MAILS, FAR_LOOP_MAILS = 800, 200  # to a distant server: some fifteen seconds each
WORKERS = 2

OURS = f"EduPulse, {WORKERS} workers, ledger included"
CELERY = "Celery, prefork 2, tasks of 20, smtplib"
LOOP = "smtplib, one process, one connection, nothing recorded"
READY = "smtplib, the same with mails made before"
SOURCE = f"smtp-source, mails of {MAIL_BYTES} bytes"
SOURCE_ANEW = "smtp-source, a new connection for each mail"


def run() -> Iterator[Figure]:
    """Yield each figure as it is known."""
    tools = postfix.tools()
    with ExitStack() as stack:
        here, port = stack.enter_context(place()), stack.enter_context(postfix.sink(tools))
        bench = _Bench(here, Peers(here, tools, port), port)
        yield from bench.throughput()
        yield from bench.bookkeeping()
        yield from bench.to_a_distant_server()
        yield from bench.memory()


@dataclass(frozen=True)
class _Bench:
    place: Place
    peers: Peers
    smtp_port: int

    def throughput(self) -> Iterator[Figure]:
        """Send the same mailing to the sink with each of them, in turns."""
        school = self._school("near")
        engines: dict[str, Callable[[], float]] = {
            OURS: lambda: school.send(MAILS, processes=WORKERS).rate,
            CELERY: lambda: self.peers.celery(MAILS),
            LOOP: lambda: self.peers.loop(MAILS, "composing"),
            READY: lambda: self.peers.loop(MAILS, "ready"),
            SOURCE: lambda: self.peers.source(MAILS, reused=True),
            SOURCE_ANEW: lambda: self.peers.source(MAILS, reused=False),
        }
        rate = _in_turns(engines)
        for name in engines:
            yield seen("mail", f"{MAILS} mails: {name}", rate[name], "1/s")
        yield at_least("mail", "ratio to Celery", rate[OURS] / rate[CELERY], "x", 8.0)
        yield at_least(
            "mail", "one worker, ratio to the loop of smtplib", rate[OURS] / WORKERS / rate[LOOP], "x", 1.0
        )
        yield at_least("mail", "ratio to smtp-source, the limit", rate[OURS] / rate[SOURCE], "x", 0.2)

    def bookkeeping(self) -> Iterator[Figure]:
        """Take from the time of one worker on one connection what composing and the wire cost alone."""
        school = self._school("alone", EMAIL_CONNECTIONS="1")
        sendings = [school.send(MAILS, processes=1) for _ in range(ROUNDS)]
        whole = statistics.median((one.seconds - one.start_seconds) / one.mails for one in sendings)
        bare = statistics.median(wire.seconds_per_mail(school, MAILS) for _ in range(ROUNDS))
        checking = statistics.median(one.start_seconds for one in sendings)
        yield seen("mail", f"starting a campaign to {MAILS}: every mail is checked", checking, "s")
        yield seen("mail", "one worker, one connection: each mail", whole * 1000, "ms")
        yield seen("mail", "of that composing and the wire", bare * 1000, "ms")
        yield at_most("mail", "of that bookkeeping", (whole - bare) * 1000, "ms", 1.0)

    def to_a_distant_server(self) -> Iterator[Figure]:
        """Send over one connection to a server that is `ROUND_TRIP_MS` away."""
        with delayed(self.smtp_port, ROUND_TRIP_MS) as port:
            school = self._school("far", EMAIL_CONNECTIONS="1", SMTP_PORT=str(port))
            ours = school.send(FAR_MAILS, processes=1).rate
            loop = self.peers.loop(FAR_LOOP_MAILS, "composing", port)
        away = f"{ROUND_TRIP_MS} ms away, one connection"
        yield seen("mail", f"{away}: EduPulse", ours, "1/s")
        yield seen("mail", f"{away}: smtplib", loop, "1/s")
        yield at_least("mail", f"{away}: ratio", ours / loop, "x", 3.5)

    def memory(self) -> Iterator[Figure]:
        """Weigh the heaviest worker at its worst moment, with few recipients and with many."""
        peaks = {}
        for mails in (FEW, MANY):
            peaks[mails] = self._school(f"memory-{mails}").send(mails, processes=WORKERS).peak_mb
            yield seen("mail", f"most memory (RSS) of a worker, {mails} recipients", peaks[mails], "MB")
        growth = peaks[MANY] - peaks[FEW]
        yield at_most("mail", f"{MANY} recipients cost more than {FEW}", growth, "MB", 50.0)

    def _school(self, name: str, **settings: str) -> School:
        self.place.clear()
        return School(self.place.folder / name, self.place.socket, self.smtp_port, settings)


def _in_turns(engines: dict[str, Callable[[], float]]) -> dict[str, float]:
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for name, measure in engines.items():
            found[name].append(measure())
    return {name: statistics.median(many) for name, many in found.items()}
