"""People on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Type, facts

pytestmark = pytest.mark.usefixtures("now")


def test_a_person_is_entered_changed_found_and_removed(type_in: Type) -> None:
    made = facts(
        type_in("people", "add", "Zoë Berg", "--email", "zoe@school.example", "--number", "S-1", "--json")
    )
    number = str(made["id"])

    changed = facts(
        type_in("people", "change", number, "--left", "--note", "moved", "--revision", "0", "--json")
    )

    assert (changed["active"], changed["note"], changed["revision"]) == (False, "moved", 1)
    assert facts(type_in("people", "list", "--state", "left", "--search", "s-1", "--json")) == [changed]
    assert facts(type_in("people", "show", number, "--json")) == changed
    assert facts(type_in("people", "remove", number, "--json")) == {"id": made["id"], "removed": True}
    assert "python cli.py people add" in type_in("people", "list").stdout


def test_a_refusal_is_a_sentence_and_a_failure(type_in: Type) -> None:
    result = type_in("people", "add", "Zoë", "--email", "nobody")

    assert result.exit_code == 1
    assert "not a usable e-mail address" in result.stderr


def test_a_file_is_looked_into_and_then_taken_in(type_in: Type, tmp_path: Path) -> None:
    file, errors = tmp_path / "school.csv", tmp_path / "errors.csv"
    file.write_text(
        "number,name,email,size\nS-1,Zoë,zoe@school.example,38\nS-2,Ben,nobody,40\n", encoding="utf-8"
    )

    trial = type_in("people", "import", str(file), "--dry-run", "--errors", str(errors))
    done = facts(type_in("people", "import", str(file), "--json"))

    assert "line 3: email: “nobody” is not a usable" in trial.stderr
    assert "Columns that were left out: size" in trial.stderr
    assert "Nothing was taken in" in trial.stderr
    assert "S-2,Ben,nobody,40" in errors.read_text(encoding="utf-8-sig")
    assert (done["read"], done["added"], done["rejected"], done["dry_run"]) == (2, 1, 1, False)
    assert [each["meaning"] for each in done["columns"]] == ["external_id", "name", "email", ""]


def test_everybody_who_is_known_comes_into_an_audience(type_in: Type, tmp_path: Path) -> None:
    text = tmp_path / "party.txt"
    text.write_text("Come!\n\n{{ unsubscribe_url }}\n", encoding="utf-8")
    facts(type_in("people", "add", "Zoë", "--email", "zoe@school.example", "--json"))
    facts(type_in("people", "add", "Ben", "--email", "ben@school.example", "--left", "--json"))
    draft = facts(type_in("campaigns", "create", "--subject", "Party", "--text", str(text), "--json"))

    taken = facts(type_in("campaigns", "import", str(draft["id"]), "--people", "active", "--json"))

    assert (taken["read"], taken["added"]) == (1, 1)
