"""When a mail is tried again: from a minute to half an hour, as the server asks, never beyond its life."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from edupulse.mail import retry

NOW = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def wait(
    tries: int,
    *,
    asked: float | None = None,
    expires_in: timedelta | None = None,
    age: timedelta = timedelta(0),
) -> timedelta | None:
    """Return how long the next attempt is away."""
    expires_at = None if expires_in is None else NOW + expires_in
    at = retry.next_attempt(NOW, tries=tries, accepted_at=NOW - age, expires_at=expires_at, retry_after=asked)
    return None if at is None else at - NOW


@pytest.mark.parametrize(("tries", "longest"), [(0, 1), (1, 2), (2, 4), (4, 16), (5, 30), (50, 30)])
def test_the_wait_doubles_from_a_minute_to_half_an_hour(tries: int, longest: int) -> None:
    waits = [wait(tries) for _ in range(200)]

    assert all(each is not None and MINUTE <= each <= longest * MINUTE for each in waits)


def test_waits_are_spread_over_the_whole_range() -> None:
    random.seed(7)

    waits = sorted(each for _ in range(400) if (each := wait(3)) is not None)

    assert waits[0] < 1.5 * MINUTE
    assert waits[-1] > 7.5 * MINUTE


def test_what_the_server_asks_for_is_kept_and_a_little_more() -> None:
    waits = [wait(9, asked=600) for _ in range(100)]

    assert all(each is not None and 10 * MINUTE <= each <= 11 * MINUTE for each in waits)


def test_the_last_chance_is_shortly_before_the_mail_expires() -> None:
    assert wait(6, expires_in=MINUTE) == timedelta(seconds=45)


def test_there_is_no_next_time_when_the_mail_expires_too_soon() -> None:
    assert wait(1, expires_in=timedelta(seconds=20)) is None


def test_a_mail_is_given_up_after_four_days() -> None:
    assert wait(30, age=timedelta(days=4)) is None
    assert wait(30, age=timedelta(days=3)) is not None


def test_a_failed_connection_waits_seconds_and_not_minutes() -> None:
    at = retry.next_connection(NOW, tries=0, accepted_at=NOW, expires_at=None, retry_after=None)

    assert at is not None
    assert timedelta(seconds=1) <= at - NOW <= timedelta(seconds=4)


def test_a_hold_grows_and_never_beyond_five_minutes() -> None:
    first = retry.hold_until(NOW, failures=0, retry_after=None) - NOW
    late = [retry.hold_until(NOW, failures=40, retry_after=None) - NOW for _ in range(50)]

    assert timedelta(seconds=5) <= first <= timedelta(seconds=10)
    assert max(late) <= timedelta(minutes=5)
