"""The supervisor with real processes: what dies is started again, and nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edupulse.embedded.program import Program
from edupulse.embedded.supervisor import LONGEST_PAUSE_SECONDS, Supervisor, pause_before_restart
from edupulse.errors import Unavailable
from tests.embedded.processes import wait_until, with_data_in

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, project_folder: Path) -> Iterator[Start]:
    """Return a function that starts a supervisor over programs of the given names."""
    started: list[subprocess.Popen[str]] = []

    def start(*names: str, starter: str = "env") -> subprocess.Popen[str]:
        command = [starter, sys.executable, "-m", "tests.embedded.supervised", str(tmp_path), *names]
        environment = {**os.environ, "EDUPULSE_DATA_DIR": str(tmp_path)}
        process = subprocess.Popen(
            command,
            cwd=project_folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()
    wait_until(lambda: not with_data_in(tmp_path))


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_the_first_restart_is_at_once_and_the_pauses_grow_to_a_limit() -> None:
    pauses = [pause_before_restart(deaths) for deaths in (1, 2, 3, 4, 20)]

    assert pauses == [0, 1, 2, 4, LONGEST_PAUSE_SECONDS]


def test_ctrl_c_ends_all_in_reverse_order_and_leaves_no_process(start: Start, tmp_path: Path) -> None:
    stack = start("orderly-redis", "orderly-web", "orderly-worker")
    assert line_of(stack) == "up"

    stack.send_signal(signal.SIGINT)

    assert line_of(stack) == "down"
    assert stack.wait(20) == 0
    assert (tmp_path / "ended").read_text().split() == ["orderly-worker", "orderly-web", "orderly-redis"]
    assert with_data_in(tmp_path) == []


def test_a_second_ctrl_c_kills_what_does_not_end(start: Start, tmp_path: Path) -> None:
    stack = start("stubborn-worker")
    assert line_of(stack) == "up"
    wait_until(lambda: len(with_data_in(tmp_path)) == 2)

    stack.send_signal(signal.SIGINT)
    stack.send_signal(signal.SIGTERM)

    assert line_of(stack) == "stubborn-worker did not end by itself and was killed"
    assert stack.wait(20) == 0
    assert with_data_in(tmp_path) == []


def test_a_closed_terminal_ends_the_stack_unless_it_was_started_with_nohup(start: Start) -> None:
    plain, kept = start("patient-one"), start("patient-other", starter="nohup")
    assert (line_of(plain), line_of(kept)) == ("up", "up")

    for stack in (plain, kept):
        stack.send_signal(signal.SIGHUP)

    assert line_of(plain) == "down"
    assert kept.poll() is None


def test_a_killed_supervisor_takes_its_processes_along(start: Start, tmp_path: Path) -> None:
    stack = start("patient-redis", "stubborn-worker")
    assert line_of(stack) == "up"

    stack.kill()
    stack.wait(20)

    wait_until(lambda: not with_data_in(tmp_path))


def test_a_process_that_dies_is_started_again_and_it_is_said(start: Start, tmp_path: Path) -> None:
    stack = start("patient-worker")
    assert line_of(stack) == "up"
    (victim,) = [process for process in with_data_in(tmp_path) if process.pid != stack.pid]

    victim.kill()

    assert "patient-worker ended by signal SIGKILL" in line_of(stack)
    wait_until(lambda: any(p.pid not in (stack.pid, victim.pid) for p in with_data_in(tmp_path)))


def test_what_cannot_start_is_named_with_its_last_words(tmp_path: Path) -> None:
    broken = Program("web", "web", (sys.executable, "-c", "raise SystemExit('no port')"), lambda: False)

    with pytest.raises(Unavailable, match=r"web did not start: ended with code 1 \(no port\)"):
        Supervisor([broken], tmp_path, lambda line: None).__enter__()


def test_what_does_not_become_ready_is_ended_and_named(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import signal; signal.pause()")
    slow = Program("web", "web", command, lambda: False, start_seconds=0.3)

    with pytest.raises(Unavailable, match="not ready after"):
        Supervisor([slow], tmp_path, lambda line: None).__enter__()
