"""`schedule change|reset|run|show` on the command line."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.cli.conftest import Type, facts


@pytest.fixture(autouse=True)
def synced(type_in: Type, now: datetime) -> None:
    type_in("schedule", "sync")


def test_a_change_is_shown_with_the_next_runs_and_taken_back(type_in: Type) -> None:
    changed = facts(type_in("schedule", "change", "reminders.check", "--every", "2m", "--json"))
    back = facts(type_in("schedule", "reset", "reminders.check", "--json"))

    assert (changed["interval_seconds"], changed["cron"], len(changed["upcoming"])) == (120, None, 5)
    assert (back["interval_seconds"], back["changed"]) == (None, [])


def test_a_schedule_is_run_by_hand(type_in: Type) -> None:
    run = facts(type_in("schedule", "run", "reminders.check", "--json"))

    assert (run["name"], run["state"]) == ("reminders.check", "queued")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("change", "reminders.check"), "What shall be different?"),
        (("change", "reminders.check", "--cron", "99 * * * *"), "minute"),
        (("change", "reminders.check", "--timezone", "Mars/Base"), "is not a known time zone"),
        (("show", "nope"), "There is no schedule 'nope'"),
        (("run", "nope"), "There is no schedule 'nope'"),
    ],
)
def test_what_cannot_be_says_why(type_in: Type, words: tuple[str, ...], sentence: str) -> None:
    refused = type_in("schedule", *words)

    assert (refused.exit_code, sentence in refused.stderr) == (1, True)
