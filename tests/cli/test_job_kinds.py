"""`jobs registered`: every job with its queue, its limits, its tries, when it runs by itself, and one sentence."""

from __future__ import annotations

from datetime import datetime

from edupulse.control import schedule
from tests.cli.conftest import Type, facts
from tests.rows import a_schedule


def test_each_job_stands_there_with_limits_and_its_next_five_runs(type_in: Type, now: datetime) -> None:
    schedule.sync(now)

    found = {each["name"]: each for each in facts(type_in("jobs", "registered", "--json"))}

    assert all(each["queue"] and each["summary"].endswith(".") for each in found.values())
    weekly = found["reports.weekly"]["schedules"][0]
    assert (weekly["enabled"], len(weekly["upcoming"])) == (True, 5)
    assert weekly["upcoming"][0] == "2026-03-16T10:00:00Z"
    assert found["upkeep.backup_database"]["hard_limit_seconds"] == 14_400
    assert [each["name"] for each in found["diagnostics.long_running"]["parameters"]] == [
        "seconds",
        "steps",
        "fail_at",
    ]


def test_people_read_when_it_runs_and_how_often_it_is_tried(type_in: Type, now: datetime) -> None:
    schedule.sync(now)
    schedule.pause("jobs.prune", actor="ada")

    lines = type_in("jobs", "registered", "--queue", "default").stdout

    assert "2026-03-13 04:20:00 UTC" in lines
    assert "[seconds] [steps] [fail_at]" in lines
    assert "paused" in lines


def test_a_job_with_many_schedules_says_how_many(type_in: Type, now: datetime) -> None:
    for name in ("mailbox-1", "mailbox-2"):
        a_schedule(name, job="mailboxes.poll")

    assert "2 schedules" in type_in("jobs", "registered").stdout
