"""`workers` on the command line."""

from __future__ import annotations

import pytest

from edupulse.control.workers import present
from tests.cli.conftest import Type, facts


def test_a_process_that_lives_is_listed_with_its_figures(type_in: Type) -> None:
    with present("worker", ("default",)) as name:
        (found,) = facts(type_in("workers", "list", "--json"))

    assert (found["name"], found["state"], found["queues"]) == (name, "running", ["default"])
    assert (found["works_on"], found["jobs_done"], found["is_current"]) == ([], 0, True)


def test_a_pool_is_added_changed_stopped_and_removed(type_in: Type) -> None:
    added = facts(
        type_in("workers", "add", "night", "--queues", "reports,poll", "--processes", "2", "--json")
    )
    changed = facts(type_in("workers", "change", "night", "--processes", "3", "--json"))
    stopped = facts(type_in("workers", "stop", "night", "--json"))
    removed = facts(type_in("workers", "remove", "night", "--yes", "--json"))

    assert (added["queues"], added["processes"], changed["processes"]) == (["reports", "poll"], 2, 3)
    assert (stopped[0]["state"], removed) == ("stopped", {"name": "night", "removed": True})
    assert [pool["name"] for pool in facts(type_in("workers", "pools", "--json"))] == ["main"]


def test_starting_tells_what_became_of_the_mailboxes_schedules(type_in: Type) -> None:
    started = facts(type_in("workers", "start", "--all", "--json"))

    assert ([pool["name"] for pool in started["pools"]], started["mailboxes"]["added"]) == (["main"], 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "Night"), "cannot be the name of a pool"),
        (("add", "night", "--queues", "nope"), "There is no queue 'nope'"),
        (("change", "main"), "What shall be different?"),
        (("stop",), "Which workers?"),
        (("stop", "main", "--all"), "Which workers?"),
        (("remove", "main", "--yes"), "cannot be removed"),
        (("start", "nope"), "nope"),
    ],
)
def test_what_cannot_be_done_says_why(type_in: Type, words: tuple[str, ...], sentence: str) -> None:
    refused = type_in("workers", *words)

    assert (refused.exit_code, sentence in refused.stderr) == (1, True)
