"""`/exports`: programs ask for files, follow them and fetch them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from flask import Flask

from edupulse.exports.writing import write
from tests.api.conftest import Program, problem
from tests.exports.readers import mails


def test_a_program_asks_follows_and_fetches(viewer: Program, now: datetime) -> None:
    mails(2)
    asked = viewer.post("/exports/", {"table": "deliveries", "format": "jsonl", "filters": {"state": "sent"}})
    address = f"/exports/{asked.get_json()['id']}/"
    waits = viewer.get(f"{address}file/")

    write(asked.get_json()["id"], now)
    done, file = viewer.get(address).get_json(), viewer.get(f"{address}file/")

    assert asked.status_code == 202
    assert problem(waits)["code"] == "conflict"
    assert (done["state"], done["rows"], done["total"]) == ("done", 2, 2)
    assert [json.loads(line)["address"] for line in file.data.splitlines()] == ["p0@x.org", "p1@x.org"]
    assert file.headers["Content-Length"] == str(done["bytes"])


def test_tables_are_listed_by_role(viewer: Program) -> None:
    tables = {each["key"]: each for each in viewer.get("/exports/tables/").get_json()["items"]}

    assert "users" not in tables
    assert tables["suppressions"]["filters"] == ["since", "until", "scope"]
    assert tables["suppressions"]["columns"][:2] == ["id", "address"]


def test_refusals_name_the_field(viewer: Program) -> None:
    assert problem(viewer.post("/exports/", {"table": "moon"}))["field"] == "table"
    assert problem(viewer.post("/exports/", {"table": "runs", "filters": {"since": "x"}}))["field"] == "since"
    assert viewer.post("/exports/", {"table": "users"}).status_code == 403


def test_an_export_is_called_off_and_a_file_thrown_away(
    sqlite_app: Flask, program_of: Callable[[str], Program], now: datetime
) -> None:
    owner, stranger = program_of("viewer"), program_of("operator")
    first = owner.post("/exports/", {"table": "runs"}).get_json()["id"]

    called_off = owner.post(f"/exports/{first}/cancel/").get_json()
    second = owner.post("/exports/", {"table": "runs"}).get_json()["id"]
    write(second, now)

    assert called_off["state"] == "cancelled"
    assert stranger.delete(f"/exports/{second}/").status_code == 403
    assert stranger.get("/exports/").get_json()["items"] == []
    assert owner.delete(f"/exports/{second}/").get_json()["state"] == "expired"
    assert [each["id"] for each in owner.get("/exports/").get_json()["items"]] == [second, first]
