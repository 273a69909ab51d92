"""Are the settings usable."""

from __future__ import annotations

from pathlib import Path

import pytest

from edupulse.config import VARIABLES
from edupulse.doctor import settings
from edupulse.doctor.examination import examine
from tests.doctor.conftest import states


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in VARIABLES:
        monkeypatch.delenv(variable.name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / ".env").write_text(text)
    (folder / ".env").chmod(0o600)


def test_without_a_file_the_defaults_are_fine() -> None:
    assert states([*settings.values(), *settings.file()]) == {"settings": "ok", "env_file": "ok"}


def test_a_bad_value_is_named_with_what_it_should_be(folder: Path) -> None:
    write(folder, "SMTP_PORT=smtp\n")

    (finding,) = settings.values()

    assert finding.state == "problem"
    assert "SMTP_PORT ('smtp') should be a whole number" in finding.finding


def test_a_secret_is_never_shown(folder: Path) -> None:
    write(folder, "SMTP_PASWORD=hunter2-hunter2\nSMTP_PORT=x\n")

    shown = repr([*settings.values(), *settings.file()])

    assert "hunter2" not in shown


def test_a_misspelt_name_is_found_and_the_right_one_offered(folder: Path) -> None:
    write(folder, "SMTP_PASWORD=x\n")

    (finding,) = settings.file()

    assert finding.state == "warning"
    assert "SMTP_PASWORD (did you mean SMTP_PASSWORD?)" in finding.finding


def test_a_file_that_others_can_read_is_a_warning(folder: Path) -> None:
    write(folder, "SMTP_PORT=25\n")
    (folder / ".env").chmod(0o644)

    (finding,) = settings.file()

    assert (finding.state, finding.cure) == ("warning", "Run: chmod 600 .env")


def test_with_bad_settings_the_doctor_still_answers_and_starts_nothing(folder: Path) -> None:
    write(folder, "TIMEZONE=Mars\n")

    def never() -> None:
        raise AssertionError("the application must not be made")

    found = states(examine(never))  # type: ignore[arg-type]

    assert found == {"python": "ok", "modules": "ok", "settings": "problem", "env_file": "ok"}
