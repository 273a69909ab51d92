"""Is Redis set up as a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from redis import Redis

from edupulse.doctor import clocks, redis
from tests.doctor.conftest import states

pytestmark = pytest.mark.real_redis


@pytest.fixture
def configure(sqlite_app: Flask, real_redis: Redis) -> Iterator[Callable[[str, str], None]]:
    """Return a function that changes a setting of Redis for this test."""
    before: dict[str, str] = {}

    def configure(name: str, value: str) -> None:
        before.setdefault(name, real_redis.config_get(name)[name])
        real_redis.config_set(name, value)

    yield configure
    for name, value in before.items():
        real_redis.config_set(name, value)


def test_our_own_redis_is_fine(sqlite_app: Flask, real_redis: Redis) -> None:
    checks = (redis.reachable, redis.version, redis.eviction, redis.persistence, redis.memory, clocks.redis)

    found = states(finding for check in checks for finding in check())

    assert set(found.values()) == {"ok"}


def test_a_redis_that_may_throw_jobs_away_is_a_problem(configure: Callable[[str, str], None]) -> None:
    configure("maxmemory-policy", "allkeys-lru")

    (finding,) = redis.eviction()

    assert finding.state == "problem"
    assert "allkeys-lru" in finding.finding
    assert "noeviction" in finding.cure


def test_a_redis_that_forgets_at_a_restart_is_a_warning(configure: Callable[[str, str], None]) -> None:
    configure("appendonly", "no")

    (finding,) = redis.persistence()

    assert (finding.state, "appendonly yes" in finding.cure) == ("warning", True)


def test_a_redis_that_is_nearly_full_is_a_problem(
    configure: Callable[[str, str], None], real_redis: Redis
) -> None:
    configure("maxmemory", str(int(real_redis.info("memory")["used_memory"] * 1.1)))

    (finding,) = redis.memory()

    assert finding.state == "problem"
