"""What the tests of the stack share: a way to start `cli.py` as a process, on a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edupulse.config import VARIABLES
from edupulse.embedded.ports import free_port
from edupulse.sockets import socket_path
from tests.embedded.processes import wait_until, with_data_in

Cli = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "my data"


@pytest.fixture
def cli(tmp_path: Path, data: Path, project_folder: Path) -> Iterator[Cli]:
    """Return a function that starts `cli.py` with settings of its own; all is ended afterwards."""
    started: list[subprocess.Popen[str]] = []
    base = {name: value for name, value in os.environ.items() if name not in {v.name for v in VARIABLES}}
    base |= {"EDUPULSE_DATA_DIR": str(data), "EDUPULSE_PORT": str(free_port("127.0.0.1"))}

    def cli(*words: str, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, str(project_folder / "cli.py"), *words],
            cwd=tmp_path,
            env={**base, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield cli
    for process in started:
        process.kill()
        process.communicate()
    wait_until(lambda: not with_data_in(data))
    for folder in (data, tmp_path / "var" / "demo"):
        shutil.rmtree(
            socket_path(folder, "redis.sock").parent, ignore_errors=True
        )  # of a stack that was killed


def read_until(process: subprocess.Popen[str], text: str) -> str:
    read = ""
    while text not in read:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"ended with: {read}"
        read += line
    return read


def answered(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output
