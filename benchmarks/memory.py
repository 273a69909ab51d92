"""What processes weigh and burn: PSS, in which shared pages count once, and processor time."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

import psutil


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all that it has started, directly or not."""
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def pss_mb(process: psutil.Process) -> float:
    """Return the proportional set size in MB (10**6 bytes); 0 when the process has just ended. See proc(5)."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        told = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return int(re.findall(r"^Pss:\s+(\d+) kB", told, re.MULTILINE)[0]) * 1024 / 1e6
    return 0.0


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Return the processor time that they and their ended children have used, to the tick of 10 ms."""
    return sum(_cpu_seconds(process) for process in processes)


def _cpu_seconds(process: psutil.Process) -> float:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # own and children's, user and system
    return 0.0


def peak_rss_mb(process: psutil.Process) -> float:
    """Return the most memory that it ever had at once (RSS) in MB (10**6 bytes); 0 when it has just ended."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        told = Path(f"/proc/{process.pid}/status").read_text()
        found = re.findall(
            r"^VmHWM:\s+(\d+) kB", told, re.MULTILINE
        )  # none: it has ended, and nobody has asked yet
        return int(found[0]) * 1024 / 1e6 if found else 0.0
    return 0.0
