"""Programs ask how the parts are, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway

from edupulse.doctor.finding import problem, warning
from edupulse.version import VERSION
from tests.api.conftest import Program


def test_each_part_is_up_or_says_why_not(viewer: Program, redis: Redis) -> None:
    facts = viewer.get("/status/").get_json()

    parts = {part["name"]: part for part in facts["services"]}
    assert (facts["is_up"], facts["version"]) == (False, VERSION)
    assert [parts[name]["state"] for name in ("web", "database", "redis", "workers")] == [
        "up",
        "up",
        "up",
        "down",
    ]
    assert parts["workers"]["cure"]


def test_redis_being_away_is_an_answer_and_no_error(
    viewer: Program, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    monkeypatch.setattr(redis, "ping", away)

    answer = viewer.get("/status/")

    assert answer.status_code == 200
    assert {part["name"]: part["state"] for part in answer.get_json()["services"]}["redis"] == "down"


def test_the_doctor_answers_administrators(
    program_of: Callable[[str], Program], viewer: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [problem("disk", "Full.", "Make room."), warning("memory", "Little.", "Add some.")]
    monkeypatch.setattr("edupulse.api.status.examine", lambda load: found if load() else [])

    facts = program_of("admin").get("/doctor/").get_json()

    assert (facts["problems"], facts["warnings"]) == (1, 1)
    assert facts["findings"][0] == {
        "id": "disk",
        "state": "problem",
        "finding": "Full.",
        "cure": "Make room.",
    }
    assert viewer.get("/doctor/").status_code == 403


def test_the_doctor_really_looks(program_of: Callable[[str], Program], redis: Redis) -> None:
    facts = program_of("admin").get("/doctor/").get_json()

    assert {"python", "database", "redis"} <= {finding["id"] for finding in facts["findings"]}
