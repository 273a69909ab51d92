"""What the tests of the stack ask about processes: who is alive; and how to wait for a fact."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil


def wait_until(fact: Callable[[], object], seconds: float = 20.0) -> None:
    """Return when `fact` holds; fail when it does not in time."""
    for _ in range(int(seconds / 0.02)):
        if fact():
            return
        time.sleep(0.02)
    raise AssertionError(f"did not become true within {seconds} s")


def with_data_in(folder: Path) -> list[psutil.Process]:
    """Return the live processes that have `folder` as their data folder or work inside it, as Redis does."""
    return [process for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        is_alive = process.status() != psutil.STATUS_ZOMBIE
        is_ours = process.environ().get("EDUPULSE_DATA_DIR") == str(folder)
        return is_alive and (is_ours or Path(process.cwd()).is_relative_to(folder))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
