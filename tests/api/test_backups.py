"""`/backups`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask

from edupulse.accounts.tokens import make_token
from edupulse.upkeep import backup
from tests.api.conftest import Program, make_person
from tests.rows import a_run


def test_backups_are_listed_shown_and_ordered(
    sqlite_app: Flask, change_settings: Callable[..., None], tmp_path: Path
) -> None:
    change_settings(backup_dir=str(tmp_path))  # those of other tests are not ours
    make_person()
    program = Program(sqlite_app, make_token("admin@school.example", "x", "admin", actor="")[1])
    made = backup.make(actor="test").id

    listed, shown = program.get("/backups/?state=verified"), program.get(f"/backups/{made}/")
    first, again = program.post("/backups/"), program.post("/backups/")

    assert [each["id"] for each in listed.json["items"]] == [made]
    assert (shown.json["state"], shown.json["contents"]["rows"]["backup"]) == ("verified", 1)
    assert (first.status_code, first.json["name"]) == (202, "upkeep.backup_database")
    assert again.json["job_id"] == first.json["job_id"]
    assert program.get("/backups/?state=odd").status_code == 422
    assert program.get("/backups/999/").status_code == 404


def test_an_operator_may_look_and_not_order(sqlite_app: Flask) -> None:
    make_person("operator")
    program = Program(sqlite_app, make_token("operator@school.example", "x", "operator", actor="")[1])
    a_run("other")

    assert program.get("/backups/").status_code == 200
    assert program.post("/backups/").status_code == 403
