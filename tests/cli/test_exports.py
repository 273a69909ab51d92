"""`exports`: files are asked for, fetched and thrown away from the shell."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from edupulse.exports.writing import write
from tests.cli.conftest import Type, facts
from tests.exports.readers import mails

pytestmark = pytest.mark.usefixtures("sqlite_app")


def test_a_table_is_asked_for_and_fetched(type_in: Type, tmp_path: Path, now: datetime) -> None:
    mails(2)
    asked = facts(type_in("exports", "make", "deliveries", "--filter", "state=sent", "--json"))
    number, place = str(asked["id"]), str(tmp_path / "mails.csv")
    early = type_in("exports", "download", number, place)
    write(asked["id"], now)

    shown = facts(type_in("exports", "show", number, "--json"))
    fetched = type_in("exports", "download", number, place)
    again = type_in("exports", "download", number, place)

    assert early.exit_code != 0
    assert (shown["state"], shown["rows"]) == ("done", 2)
    assert fetched.exit_code == 0, fetched.output
    assert Path(place).read_text("utf-8-sig").count("p0@x.org") == 1
    assert "There is a file" in again.stderr


def test_tables_and_exports_are_listed(type_in: Type) -> None:
    tables = facts(type_in("exports", "tables", "--json"))
    asked = facts(type_in("exports", "make", "runs", "--format", "xlsx", "--json"))
    off = facts(type_in("exports", "cancel", str(asked["id"]), "--json"))
    listed = facts(type_in("exports", "list", "--state", "cancelled", "--json"))

    assert "users" in {each["table"] for each in tables}
    assert off["state"] == "cancelled"
    assert [each["id"] for each in listed] == [asked["id"]]


def test_refusals_say_what_to_write(type_in: Type, now: datetime) -> None:
    assert "NAME=VALUE" in type_in("exports", "make", "runs", "--filter", "state").stderr
    assert "2026-03-12" in type_in("exports", "make", "runs", "--filter", "since=x").stderr
    asked = facts(type_in("exports", "make", "runs", "--json"))
    write(asked["id"], now)
    assert facts(type_in("exports", "delete", str(asked["id"]), "--json"))["state"] == "expired"
