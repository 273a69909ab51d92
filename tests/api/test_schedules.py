"""`/schedules`: what runs by itself is listed, changed, taken back, paused, and run by hand."""

from __future__ import annotations

from datetime import datetime

import pytest

from edupulse.control import schedule
from tests.api.conftest import Program, problem

CHECK = "/schedules/reminders.check/"


@pytest.fixture(autouse=True)
def synced(sqlite_app: object, now: datetime) -> None:
    schedule.sync(now)


def test_every_schedule_is_listed_with_its_next_runs(viewer: Program) -> None:
    found = {each["name"]: each for each in viewer.get("/schedules/?runs=2").get_json()["items"]}

    assert found["reminders.check"]["words"] == "every minute"
    assert found["reminders.check"]["upcoming"] == ["2026-03-12T09:01:00Z", "2026-03-12T09:02:00Z"]


def test_a_change_answers_with_the_next_five_runs_and_survives_a_sync(operator: Program) -> None:
    changed = operator.patch(CHECK, {"cron": "*/30 * * * *", "timezone": "Asia/Shanghai"}).get_json()
    synced = operator.post("/schedules/sync/").get_json()

    assert changed["upcoming"][:2] == ["2026-03-12T09:30:00Z", "2026-03-12T10:00:00Z"]
    assert len(changed["upcoming"]) == 5
    assert changed["changed"] == {
        "cron": "*/30 * * * *", "interval_seconds": None, "timezone": "Asia/Shanghai",
    }  # fmt: skip
    assert (synced["updated"], synced["removed"]) == (0, 0)
    assert operator.get(CHECK).get_json()["cron"] == "*/30 * * * *"


def test_a_reset_takes_the_change_back(operator: Program) -> None:
    operator.patch(CHECK, {"interval_seconds": 300})

    reset = operator.post(f"{CHECK}reset/").get_json()

    assert (reset["cron"], reset["interval_seconds"], reset["changed"]) == ("* * * * *", None, {})


def test_a_schedule_is_paused_and_resumed_by_either_way(operator: Program) -> None:
    paused = operator.post(f"{CHECK}pause/").get_json()
    resumed = operator.patch(CHECK, {"enabled": True}).get_json()

    assert (paused["enabled"], paused["upcoming"]) == (False, [])
    assert resumed["enabled"] is True
    assert operator.patch(CHECK, {"enabled": False}).get_json()["enabled"] is False
    assert operator.post(f"{CHECK}resume/").get_json()["enabled"] is True


def test_a_run_by_hand_is_a_job_and_a_second_one_waits_for_it(operator: Program) -> None:
    run = operator.post(f"{CHECK}run/")
    second = operator.post(f"{CHECK}run/")

    assert (run.status_code, run.get_json()["name"]) == (202, "reminders.check")
    assert second.status_code == 409
    assert run.get_json()["job_id"] in problem(second)["message"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"cron": "61 * * * *"}, "cron"),
        ({"cron": "* * * * *", "interval_seconds": 5}, "cron"),
        ({"cron": "* " * 80}, "cron"),
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"interval_seconds": True}, "interval_seconds"),
        ({"timezone": "Europe/Berlim"}, "timezone"),
        ({"misfire": "never"}, "misfire"),
        ({"max_lateness_seconds": 10**12}, "max_lateness_seconds"),
        ({"name": "other"}, "name"),
    ],
)
def test_what_cannot_be_is_named(operator: Program, wish: dict[str, object], field: str) -> None:
    refused = operator.patch(CHECK, wish)

    assert (refused.status_code, problem(refused)["field"]) == (422, field)


@pytest.mark.parametrize("verb", ["pause", "resume", "reset", "run"])
def test_a_schedule_that_nobody_knows_is_not_found(operator: Program, verb: str) -> None:
    assert operator.post(f"/schedules/no.such/{verb}/").status_code == 404
    assert operator.get("/schedules/no.such/").status_code == 404
