"""The script `run`: makes the environment when needed and only then, and says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# Stands for every Python: writes down what it is asked, makes a virtual environment of itself.
PYTHON = """#!/bin/sh
echo "$*" >>"{calls}"
case "$*" in
    --version) echo "Python 3.11.7" ;;
    *version_info*) exit {too_old} ;;
    *ensurepip*) exit {no_venv} ;;
    "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"-m pip install"*) exit {no_network} ;;
esac
"""


class Place:
    """A copy of the project as far as `run` sees it, in a folder whose name has a space."""

    def __init__(self, folder: Path, script: Path) -> None:
        self.folder = folder / "my school"
        self.folder.mkdir()
        self.calls = folder / "calls"
        shutil.copy(script, self.folder)
        for name in ("requirements.txt", "requirements-dev.txt"):
            (self.folder / name).write_text("flask==3\n")
        self.path = folder / "bin"
        self.path.mkdir()
        for tool in ("sh", "dirname", "cat", "cksum", "mkdir", "cp", "pwd"):
            (self.path / tool).symlink_to(shutil.which(tool) or tool)
        self.python()

    def python(self, *, too_old: int = 0, no_venv: int = 0, no_network: int = 0) -> None:
        python = self.path / "python3"
        text = PYTHON.format(calls=self.calls, too_old=too_old, no_venv=no_venv, no_network=no_network)
        python.write_text(text)
        python.chmod(0o755)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        self.calls.write_text("")
        environment = {**os.environ, "PATH": str(self.path)}
        return subprocess.run(
            [str(self.folder / "run"), *words], env=environment, capture_output=True, text=True, timeout=60
        )

    @property
    def asked(self) -> str:
        return self.calls.read_text()


@pytest.fixture
def place(tmp_path: Path, project_folder: Path) -> Place:
    return Place(tmp_path, project_folder / "run")


def test_the_first_run_installs_and_then_does_its_work(place: Place) -> None:
    done = place.run("demo", "--exit")

    assert done.returncode == 0
    assert "-m venv" in place.asked
    assert "pip install --quiet --disable-pip-version-check -r requirements.txt" in place.asked
    assert place.asked.endswith("cli.py demo --exit\n")


def test_the_second_run_installs_nothing(place: Place) -> None:
    place.run("demo")

    place.run("demo")

    assert "pip" not in place.asked
    assert place.asked.endswith("cli.py demo\n")


def test_changed_requirements_are_installed_into_the_same_environment(place: Place) -> None:
    place.run("demo")
    (place.folder / "requirements.txt").write_text("flask==4\n")

    place.run("demo")

    assert "pip install" in place.asked
    assert "-m venv" not in place.asked


def test_what_developers_need_is_installed_only_for_them(place: Place) -> None:
    place.run("demo")

    place.run("test", "-k", "one two")

    assert "-r requirements-dev.txt" in place.asked
    assert place.asked.endswith("-m pytest -p no:schemathesis -k one two\n")


def test_after_the_tests_the_demo_installs_nothing(place: Place) -> None:
    place.run("test")

    place.run("demo")

    assert "pip" not in place.asked


def test_an_installation_that_failed_is_said_and_tried_again(place: Place) -> None:
    place.python(no_network=1)
    failed = place.run("demo")
    place.python()
    shutil.copy(place.path / "python3", place.folder / ".venv" / "bin" / "python")

    done = place.run("demo")

    assert (failed.returncode, "Check the network connection" in failed.stderr) == (1, True)
    assert "cli.py" not in failed.stdout
    assert done.returncode == 0
    assert "pip install" in place.asked


def test_a_half_made_environment_is_made_anew(place: Place) -> None:
    (place.folder / ".venv").mkdir()

    assert place.run("demo").returncode == 0
    assert "-m venv --clear .venv" in place.asked


def test_an_old_python_is_named_with_what_to_install(place: Place) -> None:
    place.python(too_old=1)

    refused = place.run("up")

    assert (refused.returncode, "needs Python 3.11 or later" in refused.stderr) == (1, True)


def test_a_missing_venv_module_is_named_with_what_to_install(place: Place) -> None:
    place.python(no_venv=1)

    refused = place.run("up")

    assert (refused.returncode, "sudo apt install python3-venv" in refused.stderr) == (1, True)


def test_an_unknown_command_shows_the_known_ones(place: Place) -> None:
    refused = place.run("dmo")

    assert refused.returncode == 1
    assert "There is no command 'dmo'" in refused.stderr
    assert "./run demo" in refused.stderr


def test_help_needs_no_python(place: Place) -> None:
    shown = place.run("help")

    assert (shown.returncode, place.asked) == (0, "")
    assert "./run bench" in shown.stdout
