"""Is the program complete."""

from __future__ import annotations

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
