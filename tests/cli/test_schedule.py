"""`schedule` on the command line."""

from __future__ import annotations

from tests.cli.conftest import Type, facts


def test_sync_reports_what_it_did_and_the_list_shows_it(type_in: Type) -> None:
    first = facts(type_in("schedule", "sync", "--json"))
    again = facts(type_in("schedule", "sync", "--json"))
    listed = facts(type_in("schedule", "list", "--json"))

    assert first["added"] == first["total"] == len(listed)
    assert (again["added"], again["removed"], again["updated"]) == (0, 0, 0)
    assert all(schedule["next_at"] for schedule in listed)


def test_a_paused_schedule_has_no_next_run_until_it_is_resumed(type_in: Type) -> None:
    facts(type_in("schedule", "sync", "--json"))

    assert type_in("schedule", "pause", "reminders.check").exit_code == 0
    assert _next_of("reminders.check", type_in) is None

    assert type_in("schedule", "resume", "reminders.check").exit_code == 0
    assert _next_of("reminders.check", type_in) is not None


def test_an_unknown_schedule_is_named(type_in: Type) -> None:
    refused = type_in("schedule", "pause", "nope")

    assert (refused.exit_code, "nope" in refused.stderr) == (1, True)


def _next_of(name: str, type_in: Type) -> str | None:
    listed = facts(type_in("schedule", "list", "--json"))
    return next(schedule["next_at"] for schedule in listed if schedule["name"] == name)
