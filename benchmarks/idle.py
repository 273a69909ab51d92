"""What EduPulse costs when nothing is to be done: the whole of `./run up` with three workers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.engines.environment import PROJECT
from benchmarks.memory import cpu_seconds, family, pss_mb
from edupulse.config import load_settings
from edupulse.embedded.web import is_serving

SETTLE_SECONDS = 8.0  # the first sync of schedules and the first look for leftovers are over
WATCH_SECONDS = 60.0  # holds the minute at which every job of each minute runs once
START_SECONDS = 60.0


@dataclass(frozen=True)
class Idle:
    """Some processes of the stack."""

    cpu_percent: float  # of one processor
    pss_mb: float
    processes: int


@dataclass(frozen=True)
class Stack:
    """Web, scheduler, three workers with their keeper, and Redis; apart from it who starts and watches them all.

    Where systemd does that, there is no supervisor.
    """

    parts: Idle
    supervisor: Idle


def measure() -> Stack:
    """Start the stack, let it settle, and watch it."""
    with tempfile.TemporaryDirectory(prefix="edu-idle-") as folder, _stack(Path(folder)) as pid:
        time.sleep(SETTLE_SECONDS)
        supervisor, *parts = family(pid)
        groups = [parts, [supervisor]]
        before, begun = [cpu_seconds(group) for group in groups], time.monotonic()
        time.sleep(WATCH_SECONDS)
        seconds = time.monotonic() - begun
        found = (
            Idle(100 * (cpu_seconds(group) - earlier) / seconds, sum(map(pss_mb, group)), len(group))
            for group, earlier in zip(groups, before, strict=True)
        )
        return Stack(*found)


@contextmanager
def _stack(folder: Path) -> Iterator[int]:
    given = {
        "EDUPULSE_DATA_DIR": str(folder),
        "EDUPULSE_PORT": str(_free_port()),
        "EDUPULSE_WORKERS": "3",
        "SECRET_KEY": "for-this-run-only",
    }
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "cli.py", "up"], cwd=PROJECT, env={**os.environ, **given}, stdout=log, stderr=log
        )
    try:
        _wait_until_serving(given, folder)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(45)
        process.kill()  # its children are bound to its life
        process.wait()


def _wait_until_serving(given: dict[str, str], folder: Path) -> None:
    settings, deadline = load_settings(given), time.monotonic() + START_SECONDS
    while not is_serving(settings):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the stack did not come up:\n{(folder / 'up.log').read_text()[-2000:]}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
