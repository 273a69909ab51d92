"""`/workers`: processes, queues and the pools that are wanted."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from edupulse.accounts.audit import entries_of
from tests.api.conftest import Program, problem
from tests.rows import a_process, a_run

NIGHT = {"name": "night", "queues": ["reports", "default"], "processes": 2}


@pytest.fixture
def admin(program_of: object) -> Program:
    return program_of("admin")  # type: ignore[operator, no-any-return]


def test_a_worker_is_shown_with_what_it_has_in_hand(viewer: Program, now: datetime) -> None:
    a_process(version="0.0.1", jobs_done=7, jobs_failed=1, memory_bytes=2**27)
    worker = viewer.get("/workers/").get_json()["items"][0]
    a_run("r-1", "started", worker=worker["name"], started_at=now)

    worker = viewer.get("/workers/").get_json()["items"][0]

    assert (worker["state"], worker["jobs_done"], worker["jobs_failed"]) == ("running", 7, 1)
    assert [job["job_id"] for job in worker["works_on"]] == ["r-1"]
    assert worker["is_current"] is False


def test_who_ended_long_ago_is_shown_on_demand(viewer: Program, now: datetime) -> None:
    a_process(state="stopped", heartbeat_at=now - timedelta(hours=2))

    assert viewer.get("/workers/").get_json()["items"] == []
    assert len(viewer.get("/workers/?gone_seconds=86400").get_json()["items"]) == 1


def test_queues_show_what_waits_and_are_paused_and_resumed(operator: Program, now: datetime) -> None:
    a_run("r-1", "queued", name="mail.sweep", queue="email")

    operator.post("/workers/queues/email/pause/", {"reason": "quota"})
    queues = {each["name"]: each for each in operator.get("/workers/queues/").get_json()["items"]}
    resumed = operator.post("/workers/queues/email/resume/").get_json()

    assert (queues["email"]["waiting"], queues["email"]["oldest"]) == (1, "2026-03-12T09:00:00Z")
    assert queues["email"]["pause"]["reason"] == "quota"
    assert resumed == {"name": "email", "was_paused": True}


def test_what_is_no_queue_cannot_be_paused(operator: Program) -> None:
    refused = operator.post("/workers/queues/mail/pause/")

    assert "email" in problem(refused)["cure"]


def test_the_main_pool_is_always_there(viewer: Program, now: datetime) -> None:
    main = viewer.get("/workers/pools/main/").get_json()

    assert main["follows_setting"] is True
    assert [pool["name"] for pool in viewer.get("/workers/pools/").get_json()["items"]] == ["main"]


def test_a_pool_is_added_changed_and_removed(admin: Program, now: datetime) -> None:
    added = admin.post("/workers/pools/", NIGHT)
    changed = admin.patch("/workers/pools/night/", {"processes": 4})
    removed = admin.delete("/workers/pools/night/")

    assert (added.status_code, added.get_json()["processes"]) == (201, 2)
    assert (changed.get_json()["processes"], changed.get_json()["queues"]) == (4, ["reports", "default"])
    assert removed.get_json() == {"removed": "night"}
    assert admin.get("/workers/pools/night/").status_code == 404


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({**NIGHT, "queues": ["nights"]}, 422),
        ({**NIGHT, "queues": []}, 422),
        ({**NIGHT, "processes": 0}, 422),
        ({**NIGHT, "name": "Night shift"}, 422),
        ({**NIGHT, "name": "main"}, 409),
    ],
)
def test_a_pool_that_cannot_be_is_refused(admin: Program, wish: dict[str, object], status: int) -> None:
    assert admin.post("/workers/pools/", wish).status_code == status


def test_pools_are_stopped_and_started_and_it_is_on_record(operator: Program, now: datetime) -> None:
    stopped = operator.post("/workers/pools/main/stop/")
    state = operator.get("/workers/pools/main/").get_json()["state"]
    started = operator.post("/workers/pools/main/start/")
    restarted = operator.post("/workers/pools/main/restart/")

    assert (stopped.status_code, state) == (202, "stopped")
    assert (started.get_json()["pools"], restarted.status_code) == (["main"], 202)
    assert started.get_json()["mailboxes"] == {"added": 0, "removed": 0, "updated": 0, "total": 0}
    assert {entry.actor for entry in entries_of("workers:main")} == {"operator@school.example"}


@pytest.mark.parametrize("order", ["stop", "start", "restart"])
def test_all_pools_follow_one_order(operator: Program, now: datetime, order: str) -> None:
    done = operator.post(f"/workers/{order}/", headers={"Idempotency-Key": "once"})

    assert (done.status_code, done.get_json()["pools"]) == (202, ["main"])


def test_an_operator_acts_and_an_administrator_defines(operator: Program) -> None:
    assert operator.post("/workers/pools/", NIGHT).status_code == 403
    assert operator.patch("/workers/pools/main/", {"processes": 4}).status_code == 403
    assert operator.delete("/workers/pools/main/").status_code == 403
