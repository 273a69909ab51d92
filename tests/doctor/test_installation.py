"""Is the program complete."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from edupulse.doctor import installation
from tests.doctor.conftest import states


@pytest.fixture
def required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "requirements.txt"
    monkeypatch.setattr(installation, "REQUIREMENTS", path)
    return path


def test_this_installation_is_complete() -> None:
    assert states([*installation.python(), *installation.modules()]) == {"python": "ok", "modules": "ok"}


def test_a_missing_module_is_named_with_how_to_install_it(required: Path) -> None:
    required.write_text("click==8.5.1\nno-such-module-here==1.0  # why\n")

    (finding,) = installation.modules()

    assert finding.state == "problem"
    assert "no-such-module-here" in finding.finding
    assert "pip install -r requirements.txt" in finding.cure


def test_another_version_than_tested_is_a_warning(required: Path) -> None:
    required.write_text("click==1.0\n")

    (finding,) = installation.modules()

    assert finding.state == "warning"
    assert "instead of 1.0" in finding.finding


def test_extras_and_comments_are_no_part_of_a_name() -> None:
    assert installation.pins("# why\npsycopg[binary]==3.3.9   # driver\n\n-r other.txt\n") == {
        "psycopg": "3.3.9"
    }


def test_a_module_that_is_really_missing_is_named_and_its_installation_mends_it(
    tmp_path: Path, project_folder: Path
) -> None:
    everything = Path(pytest.__file__).parent.parent
    installed = tmp_path / "installed"
    installed.mkdir()
    for path in everything.iterdir():
        if not path.name.startswith("gunicorn"):
            (installed / path.name).symlink_to(path)

    before = modules_with(installed, project_folder)
    for path in everything.glob("gunicorn*"):
        (installed / path.name).symlink_to(path)  # as `pip install -r requirements.txt` puts it there
    after = modules_with(installed, project_folder)

    assert (before["state"], after["state"]) == ("problem", "ok")
    assert "Missing Python modules: gunicorn." in before["finding"]
    assert "pip install -r requirements.txt" in before["cure"]


def modules_with(installed: Path, project_folder: Path) -> dict[str, str]:
    """Run the check in a process that has only the modules of that folder."""
    script = (
        "import json; from dataclasses import asdict; from edupulse.doctor.installation import modules; "
        "print(json.dumps(asdict(next(modules()))))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", script],
        env={**os.environ, "PYTHONPATH": f"{project_folder}{os.pathsep}{installed}"},
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return dict(json.loads(done.stdout))
