"""A program may call so many times a minute; without a valid token an address may; Redis may be away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from werkzeug.test import TestResponse

from edupulse.accounts.tokens import make_token
from tests.api.conftest import Program, make_person, problem

Change = Callable[..., None]


@pytest.fixture
def limited(sqlite_app: Flask, change_settings: Change) -> Iterator[Change]:
    """Three calls a minute; afterwards the limiter trusts Redis again, whatever it met."""
    change_settings(api_rate_limit=3)
    yield change_settings
    (limiter,) = sqlite_app.extensions["limiter"]
    limiter._storage_dead = False
    limiter._fallback_storage.reset()


def statuses(program: Program, calls: int) -> list[int]:
    return [program.get("/suppressions/").status_code for _ in range(calls)]


def test_a_token_may_call_so_many_times_a_minute_and_is_told_how_many_are_left(
    viewer: Program, limited: Change
) -> None:
    answers = [viewer.get("/suppressions/") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
    assert "Retry-After" not in answers[0].headers


def test_the_refusal_has_the_shape_of_all_others_and_says_when_to_go_on(
    viewer: Program, limited: Change
) -> None:
    statuses(viewer, 3)

    refused = viewer.get("/suppressions/")

    assert problem(refused)["code"] == "too_many"
    assert "more than 3 calls in a minute" in problem(refused)["message"]
    assert 0 < int(refused.headers["Retry-After"]) <= 60


def test_the_minute_ends(viewer: Program, limited: Change, redis: Redis) -> None:
    statuses(viewer, 4)
    (key,) = redis.keys("edupulse:calls:*")
    assert 0 < redis.ttl(key) <= 60

    redis.delete(key)  # as Redis does when the minute is over

    assert statuses(viewer, 1) == [200]


def test_all_addresses_of_the_api_count_together_and_pages_do_not(viewer: Program, limited: Change) -> None:
    for _ in range(5):
        viewer.app.test_client().get("/healthz")
    viewer.get("/suppressions/")
    viewer.get("/campaigns/")
    viewer.get("/deliveries/")

    assert statuses(viewer, 1) == [429]


def test_each_token_is_counted_for_itself(viewer: Program, operator: Program, limited: Change) -> None:
    assert statuses(viewer, 4)[-1] == 429
    assert statuses(operator, 1) == [200]


def test_calls_without_a_valid_token_are_counted_by_their_address(
    sqlite_app: Flask, viewer: Program, limited: Change
) -> None:
    guessing = Program(sqlite_app, "edu_" + "x" * 43)

    assert statuses(guessing, 4) == [401, 401, 401, 429]
    assert sqlite_app.test_client().get("/api/v1/openapi.json").status_code == 429
    assert statuses(viewer, 1) == [200]


def test_without_redis_calls_are_counted_in_memory(
    viewer: Program, limited: Change, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    monkeypatch.setattr(redis, "execute_command", away)
    monkeypatch.setattr(redis, "pipeline", away)

    assert statuses(viewer, 4) == [200, 200, 200, 429]


def test_a_call_that_waits_for_redis_while_another_finds_it_gone_is_answered(
    viewer: Program, limited: Change, redis: Redis, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (limiter,) = sqlite_app.extensions["limiter"]

    def away(*_: object, **__: object) -> None:
        limiter._storage_dead = True  # as the other thread leaves it
        raise RedisAway("gone")

    monkeypatch.setattr(redis, "execute_command", away)
    monkeypatch.setattr(redis, "pipeline", away)

    assert statuses(viewer, 1) == [200]


def test_when_redis_is_back_it_counts_again(
    viewer: Program, limited: Change, redis: Redis, sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway("gone")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(redis, "execute_command", away)
        meanwhile.setattr(redis, "pipeline", away)
        statuses(viewer, 3)
    (limiter,) = sqlite_app.extensions["limiter"]
    monkeypatch.setattr(limiter, "_Limiter__last_check_backend", 0.0)  # some seconds later

    assert statuses(viewer, 1) == [200]
    assert redis.keys("edupulse:calls:*")


def test_zero_is_no_limit(viewer: Program, limited: Change) -> None:
    limited(api_rate_limit=0)

    assert statuses(viewer, 5) == [200] * 5
    assert "X-RateLimit-Limit" not in viewer.get("/suppressions/").headers


def test_a_real_redis_counts_and_forgets_by_itself(
    sqlite_app: Flask, real_redis: Redis, limited: Change
) -> None:
    person = make_person("viewer")
    _, secret = make_token(person.email, "portal", "viewer", actor="test")
    answers: list[TestResponse] = [Program(sqlite_app, secret).get("/suppressions/") for _ in range(4)]

    assert answers[-1].status_code == 429
    assert 0 < real_redis.ttl(real_redis.keys("edupulse:calls:*")[0]) <= 60
