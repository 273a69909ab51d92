"""Which limits hold for an account: what its provider publishes, unless the operator knows better."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from edupulse.config import current_settings, load_settings
from edupulse.errors import Invalid
from edupulse.mail.limits import UNBOUNDED_CONNECTIONS, Limits, Window, limits_of
from edupulse.mail.providers import MICROSOFT365, SES


def limits(**own: object) -> Limits:
    usual = {"per_second": None, "per_minute": None, "per_day": None}
    rest = {"connections": 3, "mails_per_session": 100, "batch_size": 20, "batch_delay": 0.5}
    return Limits(**{**usual, **rest, **own})  # type: ignore[arg-type]


@pytest.mark.usefixtures("sqlite_app")
def test_without_settings_the_providers_limits_hold() -> None:
    found = limits_of(MICROSOFT365, current_settings())

    assert (found.per_second, found.per_minute, found.per_day, found.connections) == (None, 30, 10_000, 3)
    assert (found.batch_size, found.batch_delay) == (20, 0.5)


@pytest.mark.usefixtures("sqlite_app")
def test_the_operators_settings_come_before_the_providers_limits(
    change_settings: Callable[..., None],
) -> None:
    change_settings(email_daily_quota=50_000, email_per_second=14.0, email_connections=10)

    found = limits_of(SES, current_settings())

    assert (found.per_second, found.per_day, found.connections) == (14.0, 50_000, 10)


@pytest.mark.usefixtures("sqlite_app")
def test_zero_takes_a_limit_away(change_settings: Callable[..., None]) -> None:
    change_settings(email_daily_quota=0, email_per_second=0.0, email_connections=0)

    found = limits_of(SES, current_settings())

    assert (found.per_second, found.per_day, found.connections) == (None, None, UNBOUNDED_CONNECTIONS)
    assert found.windows == ()


def test_windows_come_the_shortest_first() -> None:
    found = limits(per_second=14.0, per_minute=100, per_day=1000).windows

    assert [(each.name, each.seconds, each.limit) for each in found] == [
        ("per_second", 1, 14),
        ("per_minute", 60, 100),
        ("per_day", 86_400, 1000),
    ]


@pytest.mark.parametrize(
    ("rate", "seconds", "limit"), [(2.5, 1, 2), (1.0, 1, 1), (0.5, 2.0, 1), (0.1, 10.0, 1)]
)
def test_a_fraction_of_a_mail_never_makes_one_too_many(rate: float, seconds: float, limit: int) -> None:
    assert limits(per_second=rate).windows == (Window("per_second", seconds, limit),)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("EMAIL_PER_SECOND", "fast", "number of mails such as 14 or 0.5"),
        ("EMAIL_DAILY_QUOTA", "-1", "whole number from 0"),
        ("BULK_EMAIL_BATCH_SIZE", "0", "whole number from 1 to 1000"),
        ("BULK_EMAIL_BATCH_DELAY", "-0.5", "number of seconds from 0"),
        ("DKIM_DOMAIN", "office@school.example", "domain such as school.example"),
        ("DKIM_SELECTOR", "a b", "before ._domainkey"),
    ],
)
def test_a_limit_that_makes_no_sense_is_named(name: str, value: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=name) as caught:
        load_settings({"SECRET_KEY": "k", name: value})

    assert sentence in str(caught.value)


def test_an_empty_limit_means_the_providers(sqlite_app: Flask) -> None:
    settings = load_settings({"SECRET_KEY": "k", "EMAIL_DAILY_QUOTA": "", "EMAIL_PER_SECOND": "0.5"})

    assert settings.email_daily_quota is None
    assert settings.email_per_second == 0.5
