"""One process of the stack: how it is started, watched and ended, so that it never outlives us."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edupulse.bond import die_with_parent

PROJECT = Path(__file__).resolve().parents[2]  # where wsgi.py and cli.py are
LOG_BYTES = 5 * 1024 * 1024  # a log larger than this is put aside when its process starts
LOGS_KEPT = 3


def _at_once() -> bool:
    return True


@dataclass(frozen=True)
class Program:
    """What one process is. `kind` groups those that are ended together."""

    name: str
    kind: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool] = _at_once
    others_wait: bool = False  # what comes after it starts only when it is ready
    start_seconds: float = 30.0  # to become ready
    stop_seconds: float = 10.0  # to end by itself after SIGTERM


class Child:
    """A program that was started."""

    def __init__(self, program: Program, log_folder: Path) -> None:
        self.program = program
        self.log = log_folder / f"{program.name}.log"
        self.started = time.monotonic()
        rotate(self.log)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Handed on unread; our modules are found wherever the stack was started.
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                start_new_session=True,  # Ctrl-C is for the supervisor, which ends the others in order
                preexec_fn=die_with_parent(os.getpid()),  # calls prctl and nothing else
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_running(self) -> bool:
        return self._process.poll() is None

    def seconds(self) -> float:
        """Return for how long it has been started."""
        return time.monotonic() - self.started

    def how_it_ended(self) -> str:
        """Return in words how the process ended."""
        code = self._process.poll()
        if code is None:
            return "still running"
        return f"ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def last_words(self) -> str:
        """Return the last line of its log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 4096))
            lines = log.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else "it wrote nothing"

    def ask_to_end(self) -> None:
        if self.is_running():
            self._process.terminate()

    def kill(self) -> None:
        """End it and whatever it has started, at once."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return  # the whole group is gone
        finally:
            self._process.wait()


def rotate(log: Path) -> None:
    """Put `log` aside when it has grown large, keeping the last few."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if not log.exists() or log.stat().st_size < LOG_BYTES:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))
