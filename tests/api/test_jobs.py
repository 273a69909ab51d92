"""`/jobs`: runs are listed, sent, looked at and waited for."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from edupulse.api import long_poll
from edupulse.control.models import JobRun
from edupulse.embedded import web
from edupulse.transaction import transaction
from tests.api.conftest import Program, problem
from tests.rows import a_process, a_run


def test_a_job_that_is_sent_is_accepted_under_its_name_with_its_sender(
    operator: Program, now: datetime
) -> None:
    sent = operator.post("/jobs/", {"name": "diagnostics.ping", "arguments": {"note": "Zoë"}})

    assert sent.status_code == 202
    job = sent.get_json()
    assert (job["name"], job["queue"], job["status"]) == ("diagnostics.ping", "default", "queued")
    assert (job["arguments"], job["actor"]) == ({"note": "Zoë"}, "operator@school.example")
    assert operator.get(f"/jobs/{job['job_id']}/").get_json()["job_id"] == job["job_id"]


def test_a_job_is_sent_for_later_by_delay_or_hour(operator: Program, now: datetime) -> None:
    delayed = operator.post("/jobs/", {"name": "diagnostics.ping", "delay_seconds": 60}).get_json()
    at = operator.post(
        "/jobs/", {"name": "diagnostics.ping", "not_before": "2026-03-12T11:00:00+01:00", "priority": "high"}
    ).get_json()

    assert (delayed["status"], delayed["available_at"]) == ("deferred", "2026-03-12T09:01:00Z")
    assert (at["available_at"], at["priority"]) == ("2026-03-12T10:00:00Z", "high")


def test_a_key_lets_one_run_be_open_at_a_time(operator: Program, now: datetime) -> None:
    wish = {"name": "diagnostics.ping", "unique_key": "only one"}
    first = operator.post("/jobs/", wish).get_json()

    again = operator.post("/jobs/", wish)
    refused = operator.post("/jobs/", {**wish, "if_exists": "error"})

    assert again.get_json()["job_id"] == first["job_id"]
    assert (refused.status_code, problem(refused)["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"name": "diagnostics.pong"}, None, "diagnostics.ping"),
        ({"name": "diagnostics.ping", "arguments": {"colour": 1}}, "arguments", "note (a text)"),
        ({"name": "diagnostics.ping", "arguments": {"note": 7}}, "arguments.note", "note must be a text"),
        (
            {"name": "mail.deliver", "arguments": {"delivery_ids": ["7"]}},
            "arguments.delivery_ids",
            "whole numbers",
        ),
        ({"name": "reminders.send_now", "arguments": {"event_id": 1, "actor": "x"}}, "arguments", "no actor"),
        ({"name": "diagnostics.ping", "arguments": [1]}, "arguments", "object"),
        ({"name": "diagnostics.ping", "priority": 1}, "priority", "high"),
        ({"name": "diagnostics.ping", "delay_seconds": -1}, "delay_seconds", "at least 0"),
        ({"name": "diagnostics.ping", "delay_seconds": float("nan")}, "delay_seconds", "number"),
        ({"name": "diagnostics.ping", "arguments": {"note": float("nan")}}, "arguments", "JSON"),
        ({"name": "diagnostics.ping", "not_before": "2026-03-12T10:00:00"}, "not_before", "offset"),
        ({"name": "diagnostics.ping", "not_before": "9999-12-31T23:00:00-12:00"}, "not_before", "at most"),
        (
            {"name": "diagnostics.ping", "not_before": "2026-03-12T10:00:00Z", "delay_seconds": 1},
            "not_before",
            "one of",
        ),
        ({}, "name", "missing"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_the_next_step(
    operator: Program, now: datetime, wish: dict[str, object], field: str | None, words: str
) -> None:
    refused = operator.post("/jobs/", wish)

    said = problem(refused)
    assert (refused.status_code, said["field"]) == (422, field)
    assert words in f"{said['message']} {said['cure']}"


def test_without_redis_a_job_is_accepted_and_says_what_it_waits_for(
    operator: Program, redis: Redis, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **options: object) -> None:
        raise RedisConnectionError("gone")

    a_process()
    monkeypatch.setattr(redis, "pipeline", away)
    monkeypatch.setattr(redis, "ping", away)
    monkeypatch.setattr(redis, "execute_command", away)

    sent = operator.post("/jobs/", {"name": "diagnostics.ping"})

    assert sent.status_code == 202
    waiting = operator.get(f"/jobs/{sent.get_json()['job_id']}/").get_json()["waits_for"]
    assert "Redis" in waiting["sentence"]


def test_without_a_worker_a_run_says_so(operator: Program, now: datetime) -> None:
    sent = operator.post("/jobs/", {"name": "diagnostics.ping"}).get_json()

    waiting = operator.get(f"/jobs/{sent['job_id']}/").get_json()["waits_for"]

    assert "No worker" in waiting["sentence"]
    assert waiting["cure"]


def test_one_run_is_shown_with_all_that_is_known(viewer: Program, now: datetime) -> None:
    a_run(
        "r-1", "failed", error_class="ValueError", error_message="no", error_traceback="Traceback ...",
        started_at=now, ended_at=now + timedelta(seconds=2), progress_done=3, progress_total=9,
    )  # fmt: skip

    job = viewer.get("/jobs/r-1/").get_json()

    assert (job["error"], job["traceback"], job["duration"]) == ("ValueError: no", "Traceback ...", 2.0)
    assert job["progress"] == {"done": 3, "total": 9, "note": None}
    assert job["waits_for"] is None


def test_a_run_that_nobody_knows_is_not_found(viewer: Program) -> None:
    for path in ("/jobs/no-such/", "/jobs/no-such/?wait=20"):
        assert viewer.get(path).status_code == 404


def test_an_id_that_no_database_can_hold_is_an_address_that_does_not_exist(viewer: Program) -> None:
    assert "nothing at" in problem(viewer.get("/jobs/%00/"))["message"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["r-4", "r-3", "r-2", "r-1"]),
        ("?status=failed", ["r-2"]),
        ("?failed=true", ["r-2"]),
        ("?name=mail.sweep", ["r-3"]),
        ("?queue=email", ["r-3"]),
        ("?actor=ada@school.example", ["r-4"]),
        ("?search=smtp.school", ["r-2"]),
        ("?fingerprint=abc", ["r-2"]),
        ("?since=2026-03-12T08:58:30Z&until=2026-03-12T08:59:30Z", ["r-3"]),
    ],
)
def test_runs_are_listed_by_filter_newest_first(
    viewer: Program, now: datetime, query: str, found: list[str]
) -> None:
    a_run("r-1", created_at=now - timedelta(minutes=3))
    a_run(
        "r-2", "failed", created_at=now - timedelta(minutes=2), error_class="OSError",
        error_message="smtp.school.example refused", error_fingerprint="abc",
    )  # fmt: skip
    a_run("r-3", created_at=now - timedelta(minutes=1), name="mail.sweep", queue="email")
    a_run("r-4", created_at=now, actor="ada@school.example")

    for address in ("/jobs/", "/jobs/history/"):
        jobs = viewer.get(f"{address}{query}").get_json()
        assert [job["job_id"] for job in jobs["items"]] == found


def test_a_list_comes_in_pages(viewer: Program, now: datetime) -> None:
    for number in range(3):
        a_run(f"r-{number}", created_at=now + timedelta(seconds=number))

    first = viewer.get("/jobs/?size=2").get_json()
    second = viewer.get("/jobs/", query_string={"size": 2, "cursor": first["next"]}).get_json()

    assert [job["job_id"] for job in first["items"] + second["items"]] == ["r-2", "r-1", "r-0"]
    assert (first["previous"], second["next"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "field"),
    [("status=lost", "status"), ("since=yesterday", "since"), ("size=0", "size"), ("colour=red", "colour")],
)
def test_a_filter_that_makes_no_sense_is_named(viewer: Program, query: str, field: str) -> None:
    refused = viewer.get(f"/jobs/?{query}")

    assert (refused.status_code, problem(refused)["field"]) == (422, field)


def test_what_is_under_way_is_listed(viewer: Program, now: datetime) -> None:
    a_run("r-1", "started", started_at=now - timedelta(seconds=5))
    a_run("r-2")

    jobs = viewer.get("/jobs/active/").get_json()["items"]

    assert [(job["job_id"], job["duration"]) for job in jobs] == [("r-1", 5.0)]


class Sleeps:
    """Stands for time that passes: each sleep lets the next thing happen."""

    def __init__(self, *happenings: dict[str, object]) -> None:
        self.left, self.count = list(happenings), 0

    def __call__(self, seconds: float) -> None:
        self.count += 1
        if self.left:
            change("r-1", **self.left.pop(0))


def change(run_id: str, **values: object) -> None:
    with transaction() as session:
        for key, value in values.items():
            setattr(session.get_one(JobRun, run_id), key, value)


def test_a_call_that_waits_is_answered_when_the_run_is_over(
    viewer: Program, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("r-1", "queued")
    sleeps = Sleeps({"state": "started"}, {"progress_done": 1}, {"state": "finished"}, {})
    monkeypatch.setattr(long_poll, "sleep", sleeps)

    job = viewer.get("/jobs/r-1/?wait=25").get_json()

    assert (job["status"], sleeps.count) == ("finished", 3)


def test_a_call_that_has_seen_a_state_is_answered_with_the_next_news(
    viewer: Program, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("r-1", "started", started_at=now, progress_done=1, progress_total=9)
    seen = viewer.get("/jobs/r-1/").get_json()["seen"]
    monkeypatch.setattr(long_poll, "sleep", Sleeps({}, {"progress_done": 2}))

    job = viewer.get(f"/jobs/r-1/?wait=25&seen={seen}").get_json()

    assert job["progress"]["done"] == 2
    assert job["seen"] != seen


def test_news_that_came_between_two_calls_are_told_at_once(
    viewer: Program, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("r-1", "queued")
    seen = viewer.get("/jobs/r-1/").get_json()["seen"]
    change("r-1", state="started")
    monkeypatch.setattr(long_poll, "sleep", sleeps := Sleeps())

    assert viewer.get(f"/jobs/r-1/?wait=25&seen={seen}").get_json()["status"] == "started"
    assert sleeps.count == 0


def test_patience_ends(viewer: Program, now: datetime) -> None:
    a_run("r-1", "queued")

    assert viewer.get("/jobs/r-1/?wait=0.1").get_json()["status"] == "queued"


def test_no_more_than_half_of_the_threads_wait(
    viewer: Program, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_run("r-1", "queued")
    monkeypatch.setattr(long_poll, "_places", threading.BoundedSemaphore(1))
    answers: list[int] = []
    inner = lambda seconds: answers.append(viewer.get("/jobs/r-1/?wait=25").status_code)  # noqa: E731
    monkeypatch.setattr(long_poll, "sleep", inner)

    outer = viewer.get("/jobs/r-1/?wait=0.05").status_code

    assert {outer, *answers} == {200}
    assert answers
    assert web.threads >= 2 * long_poll.PLACES


@pytest.mark.parametrize("query", ["wait=26", "wait=-1", "wait=nan", "wait=long"])
def test_patience_has_limits(viewer: Program, query: str) -> None:
    assert problem(viewer.get(f"/jobs/r-1/?{query}"))["field"] == "wait"


def test_who_may_only_look_sends_nothing(viewer: Program) -> None:
    assert viewer.post("/jobs/", {"name": "diagnostics.ping"}).status_code == 403
