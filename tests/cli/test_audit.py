"""`audit` on the command line."""

from __future__ import annotations

from edupulse.accounts.audit import record
from tests.cli.conftest import Type, facts


def test_an_act_is_shown_with_what_was_before_and_after(type_in: Type) -> None:
    record("ada@school.example", "schedule.change", "schedule:x", before={"cron": "a"}, after={"cron": "b"})

    shown = type_in("audit", "list")

    assert "cron: a -> b" in shown.stdout


def test_acts_are_narrowed_by_kind_and_person(type_in: Type) -> None:
    record("ada@school.example", "schedule.change", "schedule:x")
    record("bob@school.example", "schedule.pause", "schedule:x")
    record("ada@school.example", "event.create", "event:1")

    found = facts(type_in("audit", "list", "--action", "schedule", "--actor", "ada@school.example", "--json"))

    assert [each["action"] for each in found] == ["schedule.change"]
