"""`workflows` on the command line."""

from __future__ import annotations

from edupulse.control.workflow import chain, start, step
from edupulse.testing import recorded
from tests.cli.conftest import Type, facts


def a_workflow() -> int:
    with recorded():
        return start("month-end", chain(step("diagnostics.ping"), step("diagnostics.ping"))).id


def test_the_list_can_be_narrowed(type_in: Type) -> None:
    number = a_workflow()

    running = facts(type_in("workflows", "list", "--state", "running", "--json"))

    assert [(line["id"], line["over"], line["steps"]) for line in running] == [(number, 0, 2)]
    assert facts(type_in("workflows", "list", "--state", "failed", "--json")) == []


def test_a_long_list_goes_on_where_the_page_ended(type_in: Type) -> None:
    older, newer = a_workflow(), a_workflow()

    first = type_in("workflows", "list", "--limit", "1", "--json")
    second = type_in("workflows", "list", "--page", first.stderr.split()[-1], "--json")

    assert [line["id"] for line in (*facts(first), *facts(second))] == [newer, older]


def test_one_is_shown_with_its_steps(type_in: Type) -> None:
    number = str(a_workflow())

    shown = facts(type_in("workflows", "show", number, "--json"))

    assert [(line["key"], line["state"], line["needs"]) for line in shown["steps"]] == [
        ("diagnostics.ping", "running", []),
        ("diagnostics.ping-2", "waiting", ["diagnostics.ping"]),
    ]
    assert "diagnostics.ping-2" in type_in("workflows", "show", number).stdout


def test_one_is_cancelled(type_in: Type) -> None:
    number = str(a_workflow())

    cancelled = facts(type_in("workflows", "cancel", number, "--reason", "wrong month", "--json"))

    assert cancelled == {"id": int(number), "steps_stopped": 2}
    assert facts(type_in("workflows", "show", number, "--json"))["state"] == "cancelled"


def test_an_unknown_one_is_named(type_in: Type) -> None:
    refused = type_in("workflows", "cancel", "7")

    assert (refused.exit_code, "There is no workflow 7" in refused.stderr) == (1, True)
