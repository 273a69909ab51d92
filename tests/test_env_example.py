"""The example of settings names every variable, as the settings table says."""

from __future__ import annotations

from pathlib import Path

from edupulse.config import VARIABLES, load_settings

HEAD = """\
# Settings of EduPulse. Copy this file to .env (chmod 600 .env) and change what differs;
# what stays commented out keeps the default shown. The environment wins over .env.
# A bad value stops the start and is named.
"""


def lines_from_the_table() -> str:
    parts = [HEAD]
    for variable in VARIABLES:
        needed = " (must be set in production)" if variable.in_production else ""
        parts.append(f"# {variable.meaning}{needed}\n# {variable.name}={variable.default or ''}\n")
    return "\n".join(parts)


def test_the_example_is_what_the_settings_table_says(project_folder: Path) -> None:
    assert (project_folder / ".env.example").read_text() == lines_from_the_table()


def test_the_example_with_nothing_changed_can_be_used(project_folder: Path, tmp_path: Path) -> None:
    text = (project_folder / ".env.example").read_text()
    chosen = dict(line[2:].split("=", 1) for line in text.splitlines() if "=" in line and line[2:3].isupper())
    chosen = {name: value for name, value in chosen.items() if name.isupper()}

    settings = load_settings({**chosen, "EDUPULSE_DATA_DIR": str(tmp_path)})

    assert settings.port == 8080
    assert set(chosen) == {variable.name for variable in VARIABLES}
