"""What the jobs did in a time, why they failed, and which there are, for programs."""

from __future__ import annotations

from datetime import datetime, timedelta

from edupulse.control import schedule
from edupulse.control.pauses import pause
from tests.api.conftest import Program
from tests.rows import a_run


def test_the_statistics_of_a_period_are_per_job(viewer: Program, now: datetime) -> None:
    then = now - timedelta(hours=2)
    times = {"created_at": then, "available_at": then, "started_at": then, "ended_at": then, "attempts": 1}
    a_run("r-1", **times)
    a_run("r-2", "failed", **times)
    a_run("r-3", created_at=now - timedelta(days=3), ended_at=now)

    answer = viewer.get("/jobs/stats/?since=2026-03-12T00:00:00Z").get_json()

    (ping,) = answer["items"]
    assert (ping["name"], ping["accepted"], ping["failure_rate"]) == ("diagnostics.ping", 2, 0.5)
    assert set(ping["run"]) == {"p50", "p95", "p99"}
    assert answer["since"] == "2026-03-12T00:00:00Z"


def test_failures_are_grouped_with_cause_and_cure(viewer: Program, now: datetime) -> None:
    for number in range(2):
        a_run(
            f"r-{number}", "failed", ended_at=now, error_class="MemoryError", error_message="too large",
            error_fingerprint="abc",
        )  # fmt: skip

    (group,) = viewer.get("/jobs/failures/?name=diagnostics.ping").get_json()["items"]

    assert (group["count"], group["fingerprint"], group["broken"]) == (2, "abc", True)
    assert group["cause"]
    assert group["cure"]


def test_every_job_says_what_it_takes_its_limits_and_its_schedule(viewer: Program, now: datetime) -> None:
    schedule.sync(now)
    pause("job", "mail.deliver", "ada@school.example")

    jobs = {job["name"]: job for job in viewer.get("/jobs/registered/").get_json()["items"]}

    assert jobs["reminders.check"]["schedule"]["words"] == "every minute"
    assert jobs["mail.deliver"]["pause"]["actor"] == "ada@school.example"
    assert jobs["mail.deliver"]["parameters"] == [
        {
            "name": "delivery_ids",
            "kind": "array",
            "required": True,
            "default": None,
            "words": "a list of whole numbers",
        }
    ]
    assert jobs["mail.deliver"]["arguments_schema"]["required"] == ["delivery_ids"]
    assert (jobs["mailboxes.process"]["hard_limit_seconds"], jobs["mailboxes.process"]["priority"]) == (
        60,
        "low",
    )
