"""Which process holds a claim: a worker, or a process that works under its name."""

from __future__ import annotations

import os
import socket

from edupulse.control.workers import current_worker_name

_OWN = ":"  # before the number of a process that acts under another one's name


def holder() -> str:
    """Return the name under which the calling process holds claims; no other process has it."""
    worker, pid = current_worker_name(), os.getpid()
    return worker if worker.endswith(f"-{pid}") else f"{worker}{_OWN}{pid}"


def worker_of(holder: str) -> str:
    """Return the worker for whom `holder` acts."""
    return holder.partition(_OWN)[0]


def is_here(holder: str) -> bool:
    """Say whether that process runs, or ran, on this machine."""
    return holder.startswith(f"{socket.gethostname()}-")
