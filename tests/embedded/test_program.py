"""One process: its log, its end, its bond to us."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edupulse.embedded import program
from edupulse.embedded.program import Child, Program, rotate
from tests.embedded.processes import wait_until


@pytest.fixture
def started(tmp_path: Path) -> Iterator[list[Child]]:
    children: list[Child] = []
    yield children
    for child in children:
        child.kill()


def python(code: str, name: str = "child") -> Program:
    return Program(name, "test", (sys.executable, "-c", code))


def test_what_a_process_writes_goes_to_its_log(started: list[Child], tmp_path: Path) -> None:
    child = Child(python("import sys; print('out', flush=True); print('err', file=sys.stderr)"), tmp_path)
    started.append(child)

    wait_until(lambda: not child.is_running())

    assert (tmp_path / "child.log").read_text() == "out\nerr\n"
    assert child.last_words() == "err"


def test_a_process_says_how_it_ended(started: list[Child], tmp_path: Path) -> None:
    child = Child(python("raise SystemExit(3)"), tmp_path)
    started.append(child)

    wait_until(lambda: not child.is_running())

    assert child.how_it_ended() == "ended with code 3"


def test_a_killed_process_says_so_by_the_name_of_the_signal(started: list[Child], tmp_path: Path) -> None:
    child = Child(python("import time; time.sleep(60)"), tmp_path)
    started.append(child)

    child.kill()

    assert child.how_it_ended() == "ended by signal SIGKILL"


def test_a_kill_takes_along_what_the_process_has_started(started: list[Child], tmp_path: Path) -> None:
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    child = Child(python(f"import signal; {code.replace('input()', 'signal.pause()')}"), tmp_path)
    started.append(child)
    wait_until(lambda: child.log.read_text().strip())
    grandchild = int(child.log.read_text())

    child.kill()

    wait_until(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie")


def test_a_small_log_is_continued(tmp_path: Path) -> None:
    (tmp_path / "web.log").write_text("yesterday\n")

    rotate(tmp_path / "web.log")

    assert (tmp_path / "web.log").read_text() == "yesterday\n"


def test_a_large_log_is_put_aside_and_only_the_last_few_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "LOG_BYTES", 4)
    for number in range(1, 7):
        (tmp_path / "web.log").write_text(f"log {number}")
        rotate(tmp_path / "web.log")

    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}

    assert kept == {"web.log.1": "log 6", "web.log.2": "log 5", "web.log.3": "log 4"}
