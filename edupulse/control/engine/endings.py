"""How a process ended, in words: from what the kernel says about it, and about the memory of its group."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Ending:
    """`kind` serves as an error class; `words` complete the sentence "The worker w1 ..."."""

    kind: str
    words: str


def ending_of(status: int, *, out_of_memory: bool = False) -> Ending:
    """Return how a process with this wait status ended; `out_of_memory`: the system killed somebody of our group."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return Ending("ExitedByItself", f"ended itself with code {code}")
    if -code != signal.SIGKILL:
        return Ending("KilledBySignal", f"was killed by signal {-code} ({_name(-code)})")
    if out_of_memory:
        return Ending("OutOfMemory", "was killed by the system for want of memory")
    return Ending("KilledBySignal", "was killed by signal 9 (SIGKILL), perhaps for want of memory")


class MemoryKills:
    """How often the system has ended a process of our control group because memory ran out."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or _counter()
        self._seen = self._count()

    def have_grown(self) -> bool:
        """Say whether it has happened since the last question."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        with suppress(OSError, ValueError):
            for line in self._file.read_text().splitlines():
                if line.startswith("oom_kill "):
                    return int(line.split()[1])
        return 0  # no such counter here: then the words stay careful


def _counter(table: Path = Path("/proc/self/cgroup")) -> Path:
    """Return the file with the counter of our group: of cgroup 2, else of version 1."""
    groups = {}
    with suppress(OSError):
        for line in table.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            groups[controllers] = path.lstrip("/")
    old = CGROUPS / "memory" / groups.get("memory", "") / "memory.oom_control"
    new = CGROUPS / groups.get("", "") / "memory.events"
    return old if "memory" in groups else new


def _name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return "a real-time signal"
