"""What the keeper decides without a process: how an end is called, who is renewed, how long a place stays free."""

from __future__ import annotations

import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from edupulse.control.engine.board import Board
from edupulse.control.engine.endings import MemoryKills, ending_of
from edupulse.control.engine.places import LONGEST_PAUSE_SECONDS, pause_before_restart
from edupulse.control.engine.renewal import MEGABYTE, why_renew
from edupulse.control.engine.systemd import notify
from tests.conftest import MakeSettings

KILLED, SEGFAULT, CODE_3, REAL_TIME = signal.SIGKILL, signal.SIGSEGV | 0x80, 3 << 8, 40


@pytest.mark.parametrize(
    ("status", "out_of_memory", "kind", "words"),
    [
        (CODE_3, False, "ExitedByItself", "ended itself with code 3"),
        (SEGFAULT, False, "KilledBySignal", "was killed by signal 11 (SIGSEGV)"),
        (REAL_TIME, False, "KilledBySignal", "was killed by signal 40 (a real-time signal)"),
        (KILLED, False, "KilledBySignal", "was killed by signal 9 (SIGKILL), perhaps for want of memory"),
        (KILLED, True, "OutOfMemory", "was killed by the system for want of memory"),
        (SEGFAULT, True, "KilledBySignal", "was killed by signal 11 (SIGSEGV)"),
    ],
)
def test_the_end_of_a_process_is_told_in_words(
    status: int, out_of_memory: bool, kind: str, words: str
) -> None:
    ending = ending_of(status, out_of_memory=out_of_memory)

    assert (ending.kind, ending.words) == (kind, words)


def test_a_kill_for_want_of_memory_is_seen_once(tmp_path: Path) -> None:
    events = tmp_path / "memory.events"
    events.write_text("oom 1\noom_kill 1\noom_group_kill 0\n")
    kills = MemoryKills(events)

    events.write_text("oom 2\noom_kill 2\noom_group_kill 0\n")

    assert (kills.have_grown(), kills.have_grown()) == (True, False)


def test_without_a_counter_nothing_is_claimed(tmp_path: Path) -> None:
    assert not MemoryKills(tmp_path / "missing").have_grown()


@pytest.mark.parametrize(
    ("hours", "jobs", "megabytes", "why"),
    [
        (1.9, 99, 400, ""),
        (2.0, 0, 100, "it is 2 hours old, WORKER_MAX_HOURS is 2"),
        (0.0, 100, 100, "it has done 100 jobs, WORKER_MAX_JOBS is 100"),
        (0.0, 0, 401, "it uses 401 MB, more than the 400 of WORKER_MEMORY_MB"),
    ],
)
def test_a_worker_is_renewed_for_its_age_its_jobs_or_its_size(
    make_settings: MakeSettings, hours: float, jobs: int, megabytes: int, why: str
) -> None:
    settings = replace(make_settings(), worker_memory_mb=400, worker_max_jobs=100, worker_max_hours=2)

    assert why_renew(settings, hours=hours, jobs=jobs, memory_bytes=megabytes * MEGABYTE) == why


def test_the_first_restart_is_at_once_and_the_pauses_grow_to_a_limit() -> None:
    pauses = [pause_before_restart(deaths) for deaths in (0, 1, 2, 3, 4, 20)]

    assert pauses == [0, 0, 1, 2, 4, LONGEST_PAUSE_SECONDS]


def test_a_board_tells_the_earliest_deadline_of_its_busy_slots() -> None:
    board = Board(3)
    idle = board.earliest_deadline()

    board.set_deadline(0, 30.0)
    board.set_deadline(2, 20.0)
    busy = board.earliest_deadline()
    board.set_deadline(2, 0)

    assert (idle, busy, board.earliest_deadline()) == (None, 20.0, 30.0)


def test_systemd_is_told_when_it_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)

        notify("READY=1")

        assert systemd.recv(100) == b"READY=1"


def test_nobody_is_told_when_systemd_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    assert notify("READY=1") is None
