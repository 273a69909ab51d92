"""Can what there is be had again?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from edupulse import clock
from edupulse.accounts.users import create_user
from edupulse.doctor import backups
from edupulse.secret import Secret
from edupulse.transaction import transaction
from edupulse.upkeep.models import Backup
from tests.web.conftest import PASSWORD


@pytest.mark.parametrize(("age", "state"), [(1, "ok"), (3, "warning"), (None, "warning")])
def test_the_newest_backup_may_be_two_days_old(sqlite_app: Flask, age: int | None, state: str) -> None:
    with clock.frozen(clock.now() - timedelta(days=9)):
        create_user("ada@school.example", "Ada", "admin", PASSWORD)
    if age is not None:
        made = clock.now() - timedelta(days=age)
        with transaction() as session:
            session.add(
                Backup(name="x", host="a", state="verified", actor="", started_at=made, verified_at=made)
            )

    (finding,) = backups.recent()

    assert finding.state == state


def test_a_new_installation_needs_none_yet(sqlite_app: Flask) -> None:
    create_user("ada@school.example", "Ada", "admin", PASSWORD)

    (finding,) = backups.recent()

    assert finding.state == "ok"


def test_a_folder_that_cannot_be_written_is_a_problem(
    sqlite_app: Flask, change_settings: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    change_settings(backup_dir=str(tmp_path / "file"))

    (finding,) = backups.writable()

    assert (finding.state, "BACKUP_DIR" in finding.cure) == ("problem", True)


@pytest.mark.parametrize(
    ("profile", "key", "states"),
    [("production", "", ["warning"]), ("production", "k", ["ok"]), ("embedded", "", [])],
)
def test_a_key_is_advised_in_production(
    sqlite_app: Flask, change_settings: Callable[..., None], profile: str, key: str, states: list[str]
) -> None:
    change_settings(profile=profile, backup_key=Secret(key))

    assert [finding.state for finding in backups.key()] == states


def test_programs_of_postgresql_that_are_missing_are_a_problem(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edupulse.database import db

    monkeypatch.setenv("PATH", "/nowhere")

    found = [finding.state for finding in backups.programs()]

    assert found == (["problem"] if db.engine.dialect.name == "postgresql" else [])
