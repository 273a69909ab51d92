"""One job system in one setting: started, filled, watched until every job has run, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks import marks
from benchmarks.engines.environment import PROJECT, peers_python
from benchmarks.engines.place import Place

LOOK_SECONDS = 0.02
END_SECONDS = 15.0
LIMIT_SECONDS = 60.0


@dataclass(frozen=True)
class Engine:
    """`command` is what follows `python -m`; it is started `times` times."""

    name: str
    module: str
    command: tuple[str, ...]
    jobs: int  # no-op jobs of one measurement: some seconds of work
    times: int = 1
    ours: bool = False
    on_postgres: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def fill(self, place: Place, job: str, count: int) -> float:
        """Let `count` jobs wait, on empty servers; return the seconds that accepting them took."""
        place.clear()
        self._drive(place, "prepare")
        return float(self._drive(place, "fill", job, str(count)))

    def send(self, place: Place, count: int) -> None:
        """Send numbered jobs, one by one; the instant of each stands in `place.sent`."""
        self._drive(place, "send", "stamp", str(count), marks_file=str(place.sent))

    @contextmanager
    def working(self, place: Place) -> Iterator[list[int]]:
        """Yield the process ids of its workers while they work."""
        with ExitStack() as stack, (place.folder / "workers.log").open("ab") as log:
            started = [stack.enter_context(self._worker(place, log)) for _ in range(self.times)]
            yield [process.pid for process in started]

    def wait_for(self, place: Place, count: int) -> list[tuple[int, float]]:
        """Return the marks once `count` jobs have run; raise RuntimeError when they do not."""
        deadline = time.monotonic() + LIMIT_SECONDS
        while (seen := marks.count(place.marks)) < count:
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"{self.name}: {seen} of {count} jobs in {LIMIT_SECONDS:g} s\n{_log(place)}"
                )
            time.sleep(LOOK_SECONDS)
        return marks.read(place.marks)

    @contextmanager
    def _worker(self, place: Place, log: object) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(
            [self._python, "-m", *self.command],
            cwd=PROJECT,
            env=self._environment(place, str(place.marks)),
            stdout=log,  # type: ignore[call-overload]
            stderr=log,
            start_new_session=True,  # ended with all of its children
        )
        try:
            yield process
        finally:
            _end(process)

    def _drive(self, place: Place, *words: str, marks_file: str = "") -> str:
        return self.python("benchmarks.drive", self.module, *words, place=place, marks_file=marks_file)

    def python(self, *words: str, place: Place, marks_file: str = "") -> str:
        """Run a module in the environment of this engine and return what it prints."""
        done = subprocess.run(
            [self._python, "-m", *words],
            cwd=PROJECT,
            env=self._environment(place, marks_file or str(place.marks)),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{self.name}: {' '.join(words)}\n{done.stderr}")
        return done.stdout.strip()

    @property
    def _python(self) -> str:
        return sys.executable if self.ours else str(peers_python())

    def _environment(self, place: Place, marks_file: str) -> dict[str, str]:
        given = {
            marks.VARIABLE: marks_file,
            "BENCH_REDIS_SOCKET": str(place.socket),
            "BENCH_POSTGRES_URL": place.postgres_url,
            "BENCH_FOLDER": str(place.folder),
            "PYTHONWARNINGS": "ignore",
        }
        return {**os.environ, **given, **self.variables}


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(END_SECONDS)
    with suppress(ProcessLookupError):  # whoever of its family is left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _log(place: Place) -> str:
    return (place.folder / "workers.log").read_text(errors="replace")[-3000:]
