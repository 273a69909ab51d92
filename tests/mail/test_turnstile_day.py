"""Whole days in simulated time: no provider's limit is exceeded by one mail, and little of it is left unused."""

from __future__ import annotations

import pytest
from flask import Flask
from redis import Redis

from edupulse import clock
from edupulse.config import current_settings
from edupulse.mail.limits import Limits, limits_of
from edupulse.mail.providers import EMAILIT, GMAIL, MICROSOFT365, NETEASE, QQ, SES, Provider
from tests.mail.turnstile_day import HOUR, Day, most_within


@pytest.fixture
def usual(sqlite_app: Flask, real_redis: Redis) -> None:
    """The defaults of the settings and a real, empty Redis."""


def limits(provider: Provider) -> Limits:
    return limits_of(provider, current_settings())


def assert_held(day: Day, of: Limits) -> None:
    assert of.windows
    for window in of.windows:
        assert most_within(window.seconds, day.sent) <= window.limit, window


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("provider", [SES, GMAIL, QQ, EMAILIT], ids=lambda each: each.name)
def test_no_window_ever_holds_one_mail_more_than_the_provider_allows(provider: Provider) -> None:
    day = Day(limits(provider), workers=2)

    day.run(hours=24.1)

    assert_held(day, limits(provider))
    assert provider.per_day is not None
    assert sum(at < 24 * HOUR for at in day.sent) + day.charged >= 0.9 * provider.per_day


@pytest.mark.usefixtures("usual")
def test_microsoft_365_gets_nearly_thirty_in_each_minute_and_never_one_more() -> None:
    day = Day(limits(MICROSOFT365), workers=3)

    day.run(hours=24.1)

    assert_held(day, limits(MICROSOFT365))
    assert most_within(60, day.sent) == 30
    assert sum(at < 2 * HOUR for at in day.sent) >= 0.9 * 30 * 120
    assert sum(at < 24 * HOUR for at in day.sent) >= 0.9 * 10_000


@pytest.mark.usefixtures("usual")
def test_where_no_limit_is_known_batches_of_all_workers_keep_their_distance() -> None:
    day = Day(limits(NETEASE), workers=12)

    day.run(hours=24, most=3_000)

    assert min(later - former for former, later in zip(day.batches, day.batches[1:], strict=False)) >= 0.5
    assert day.clock.passed < 3_000 / 20 * 0.5 / 0.9


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("provider", [MICROSOFT365, GMAIL], ids=lambda each: each.name)
def test_redis_that_forgets_everything_is_told_by_the_ledger(provider: Provider, real_redis: Redis) -> None:
    day = Day(limits(provider))
    flushed_at, allowed = (0.004, 500) if provider is GMAIL else (0.5, 30 * 60)

    def forget() -> None:
        day.write_ledger()
        real_redis.flushall()

    day.at(flushed_at, forget)
    with clock.running_on(day.clock.now):
        day.run(hours=1)

    assert_held(day, limits(provider))
    assert len(day.sent) >= 0.8 * allowed  # what was in hand then counts twice


@pytest.mark.usefixtures("usual")
@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_clock_that_is_set_makes_neither_a_burst_nor_a_standstill(step: float) -> None:
    day = Day(limits(MICROSOFT365))

    def set_clock() -> None:
        day.clock.step += step

    day.at(0.5, set_clock)
    day.run(hours=1)

    assert most_within(60, day.sent) <= 30
    assert sum(at > 0.5 * HOUR for at in day.sent) >= 0.9 * 30 * 30
