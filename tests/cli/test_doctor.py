"""`doctor` on the command line."""

from __future__ import annotations

import json

from tests.cli.conftest import Type


def test_the_command_prints_facts_for_machines_and_fails_on_a_problem(type_in: Type) -> None:
    shown = type_in("doctor", "--json")

    findings = json.loads(shown.stdout)
    assert shown.exit_code == 1
    assert {"id", "state", "finding", "cure"} == set(findings[0])
    assert ("schema", "problem") in [(each["id"], each["state"]) for each in findings]


def test_the_command_ends_with_a_count_for_people(type_in: Type) -> None:
    assert "Problems:" in type_in("doctor").stdout
